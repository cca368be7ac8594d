// Drives single blocks step by step, without an engine.
#pragma once

#include "models/aligned.hpp"
#include "spikecast/block.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

namespace spikecast::test {

using Values = std::initializer_list<std::pair<std::string_view, double>>;

/// Unit roundoff: the largest relative error of one rounding to T.
template <class T>
inline constexpr double roundoff = 0.5 * static_cast<double>(std::numeric_limits<T>::epsilon());

inline BlockSetup setup_of(std::string_view model, std::size_t size, double h = 0.1, Values parameters = {}) {
    BlockSetup setup;
    setup.model = find_model(model);
    setup.object = "test";
    setup.seed = 42;
    setup.resolution_ms = h;
    setup.stop_step = std::numeric_limits<std::int64_t>::max() / 2;
    setup.population_size = size;
    setup.indices.resize(size);
    std::iota(setup.indices.begin(), setup.indices.end(), std::uint64_t{0});
    for (const ParameterInfo& p : setup.model->parameters)
        setup.parameters.push_back({p.default_value, {}, {p.default_list.begin(), p.default_list.end()}});
    for (const VariableInfo& v : setup.model->variables)
        setup.initial.push_back({v.default_value, {}, {}});
    for (const auto& [name, value] : parameters)
        setup.parameters[static_cast<std::size_t>(setup.model->parameter(name))].constant = value;
    return setup;
}

inline std::size_t variable(const BlockSetup& setup, std::string_view name) {
    return static_cast<std::size_t>(setup.model->variable(name));
}

/// A block with input buffers for all of its neurons; `step` clears them afterwards.
template <class T>
class Driver {
public:
    Driver(std::unique_ptr<PopulationBlock<T>> driven, std::size_t size, std::size_t receptors)
        : block(std::move(driven)), size_(size) {
        const std::size_t padded = (size + chunk_size - 1) / chunk_size * chunk_size;
        for (std::size_t r = 0; r < receptors + 1; ++r)
            buffers_.emplace_back(padded);
    }
    explicit Driver(const BlockSetup& setup)
        : Driver(make_population_block<T>(setup), setup.indices.size(), setup.model->receptors.size()) {}

    T* receptor(std::size_t r) { return buffers_[r].data(); }
    T* current() { return buffers_.back().data(); }

    /// Advances all neurons; returns those that spike.
    const std::vector<std::uint32_t>& step() {
        spikes_.clear();
        std::vector<const T*> receptors(buffers_.size() - 1);
        for (std::size_t begin = 0; begin < size_; begin += chunk_size) {
            for (std::size_t r = 0; r < receptors.size(); ++r)
                receptors[r] = buffers_[r].data() + begin;
            block->update(now_, begin, std::min(begin + chunk_size, size_),
                          {receptors.data(), buffers_.back().data() + begin}, spikes_);
        }
        for (auto& buffer : buffers_)
            std::fill_n(buffer.data(), buffer.size(), T{0});
        ++now_;
        return spikes_;
    }
    [[nodiscard]] std::int64_t now() const { return now_; }

    std::unique_ptr<PopulationBlock<T>> block;

private:
    std::size_t size_;
    std::vector<models::AlignedArray<T>> buffers_;
    std::vector<std::uint32_t> spikes_;
    std::int64_t now_ = 0;
};

} // namespace spikecast::test
