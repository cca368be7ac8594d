#include "partitioners/partitioners.hpp"

#include "partitioners/permutation.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace spikecast {
namespace {

/// What all of them know: sizes, and how many neurons were declared before each population.
class DeclaredOrder : public Partition {
public:
    DeclaredOrder(std::vector<std::uint64_t> sizes, std::uint32_t workers)
        : sizes_(std::move(sizes)), workers_(workers) {
        offsets_.reserve(sizes_.size() + 1);
        offsets_.push_back(0);
        for (const std::uint64_t size : sizes_)
            offsets_.push_back(offsets_.back() + size);
    }
    [[nodiscard]] std::uint32_t workers() const noexcept override { return workers_; }

protected:
    [[nodiscard]] std::uint64_t size(std::size_t population) const { return sizes_[population]; }
    [[nodiscard]] std::uint64_t offset(std::size_t population) const { return offsets_[population]; }
    [[nodiscard]] std::uint64_t total() const { return offsets_.back(); }

private:
    std::vector<std::uint64_t> sizes_, offsets_;
    std::uint32_t workers_;
};

class RoundRobin : public DeclaredOrder {
public:
    using DeclaredOrder::DeclaredOrder;

    [[nodiscard]] std::uint64_t count(WorkerId worker, std::size_t population) const override {
        const std::uint64_t first = first_of(worker, population);
        return size(population) > first ? (size(population) - first - 1) / workers() + 1 : 0;
    }
    void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const override {
        const std::uint64_t start = offset(population) % workers();
        for (std::size_t j = 0; j < indices.size(); ++j)
            out[j] = dealt(start, indices[j]);
    }
    [[nodiscard]] std::uint64_t index(WorkerId worker, std::size_t population, std::uint64_t local) const override {
        return first_of(worker, population) + local * workers();
    }

protected:
    /// The place of the i-th neuron dealt from a population whose first one goes to worker `start`.
    [[nodiscard]] Place dealt(std::uint64_t start, std::uint64_t i) const {
        const std::uint64_t round = i / workers();
        std::uint64_t worker = start + (i - round * workers());
        if (worker >= workers()) worker -= workers();
        return {static_cast<WorkerId>(worker), round};
    }

private:
    /// The first neuron of the population that the worker is dealt.
    [[nodiscard]] std::uint64_t first_of(WorkerId worker, std::size_t population) const {
        const std::uint64_t start = offset(population) % workers();
        return worker >= start ? worker - start : worker + workers() - start;
    }
};

class Random final : public RoundRobin {
public:
    Random(const SimulationSettings& settings, std::vector<std::uint64_t> sizes, std::uint32_t workers)
        : RoundRobin(sizes, workers) {
        permutations_.reserve(sizes.size());
        for (std::size_t p = 0; p < sizes.size(); ++p) {
            permutations_.emplace_back(make_key(settings.partition_seed, Purpose::partition, std::to_string(p)),
                                       sizes[p]);
        }
    }
    void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const override {
        const std::uint64_t start = offset(population) % workers();
        const Permutation& permutation = permutations_[population];
        for (std::size_t j = 0; j < indices.size(); ++j)
            out[j] = dealt(start, permutation(indices[j]));
    }
    [[nodiscard]] std::uint64_t index(WorkerId worker, std::size_t population, std::uint64_t local) const override {
        return permutations_[population].inverse(RoundRobin::index(worker, population, local));
    }

private:
    std::vector<Permutation> permutations_;
};

class Block final : public DeclaredOrder {
public:
    using DeclaredOrder::DeclaredOrder;

    [[nodiscard]] std::uint64_t count(WorkerId worker, std::size_t population) const override {
        const std::uint64_t begin = std::max(start_of(worker), offset(population));
        const std::uint64_t end = std::min(start_of(worker + 1), offset(population) + size(population));
        return end > begin ? end - begin : 0;
    }
    void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const override {
        for (std::size_t j = 0; j < indices.size(); ++j) {
            // The w with floor(w T / W) <= g < floor((w + 1) T / W) is ceil((g + 1) W / T) - 1.
            const std::uint64_t g = offset(population) + indices[j];
            const auto scaled = static_cast<Wide>(g + 1) * workers() - 1;
            const auto worker = static_cast<WorkerId>(scaled / total());
            out[j] = {worker, g - std::max(start_of(worker), offset(population))};
        }
    }
    [[nodiscard]] std::uint64_t index(WorkerId worker, std::size_t population, std::uint64_t local) const override {
        return std::max(start_of(worker), offset(population)) - offset(population) + local;
    }

private:
    [[nodiscard]] std::uint64_t start_of(std::uint64_t worker) const {
        return static_cast<std::uint64_t>(static_cast<Wide>(worker) * total() / workers());
    }
};

} // namespace

std::shared_ptr<const Partition> make_partition(const SimulationSettings& settings,
                                                std::vector<std::uint64_t> population_sizes, std::uint32_t workers) {
    if (workers == 0) throw std::invalid_argument("a partition needs at least one worker");
    switch (settings.partitioner) {
    case PartitionerKind::block:
        return std::make_shared<Block>(std::move(population_sizes), workers);
    case PartitionerKind::random:
        return std::make_shared<Random>(settings, std::move(population_sizes), workers);
    case PartitionerKind::round_robin:
        break;
    }
    return std::make_shared<RoundRobin>(std::move(population_sizes), workers);
}

} // namespace spikecast
