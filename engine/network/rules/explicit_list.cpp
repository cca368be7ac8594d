#include "engine/data/hdf5_input.hpp"
#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"

#include <hdf5.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace spikecast::rules {
namespace {

/// A bounded part of a list. weights and delays are empty, or as long as the rest.
struct Chunk {
    std::uint64_t first_row = 0;
    std::vector<std::int64_t> sources, targets; ///< as written: perhaps negative or too large
    std::vector<double> weights, delays;
    std::vector<std::uint32_t> lines; ///< CSV: where each row stands
    void clear() {
        sources.clear();
        targets.clear();
        weights.clear();
        delays.clear();
        lines.clear();
    }
};
using EachChunk = std::function<void(const Chunk&)>;
constexpr std::size_t chunk_rows = 65536;

[[noreturn]] void bad_file(const std::string& file, std::uint32_t line, std::uint32_t column, const std::string& object,
                           const std::string& message, const std::string& remedy) {
    throw InputError(Diagnostic{Where{file, line, column}, object, message, remedy});
}

// ---------------------------------------------------------------------------------------------------------------- CSV

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// getline with a limit: a file that isn't text may be one line of gigabytes.
bool read_line(std::istream& in, std::string& line, const std::string& file, std::uint32_t number,
               const std::string& object) {
    constexpr std::size_t longest = 4096;
    line.clear();
    std::streambuf* const buffer = in.rdbuf();
    for (int c = buffer->sbumpc(); c != std::char_traits<char>::eof(); c = buffer->sbumpc()) {
        if (c == '\n') return true;
        line.push_back(static_cast<char>(c));
        if (line.size() > longest) {
            bad_file(file, number, 1, object, "a line of more than 4096 characters",
                     "give a text file with one synapse a line");
        }
    }
    return !line.empty();
}

void read_csv(const std::string& file, const std::string& object, const EachChunk& each) {
    std::ifstream in(file, std::ios::binary);
    if (!in || in.peek() == std::char_traits<char>::eof()) {
        bad_file(file, 0, 0, object, in ? "the list is empty" : "the list can't be opened",
                 in ? "give a header line source,target[,weight,delay]" : "check the path and its permissions");
    }
    constexpr std::array<std::string_view, 4> names{"source", "target", "weight", "delay"};
    std::vector<std::size_t> column_is; // what each column of the file holds
    std::string line;
    std::uint32_t number = 1;
    if (!read_line(in, line, file, number, object)) bad_file(file, 1, 1, object, "no header line", "add source,target");
    const auto each_field = [](std::string_view text, auto&& visit) {
        for (std::size_t start = 0, field = 0;; ++field) {
            const std::size_t comma = text.find(',', start);
            visit(field, trimmed(text.substr(start, comma == text.npos ? text.npos : comma - start)),
                  static_cast<std::uint32_t>(start + 1));
            if (comma == text.npos) return;
            start = comma + 1;
        }
    };
    each_field(line, [&](std::size_t, std::string_view name, std::uint32_t column) {
        const auto known = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
        if (known == names.size() || std::count(column_is.begin(), column_is.end(), known) != 0) {
            bad_file(file, 1, column, object,
                     (known == names.size() ? "unknown column \"" : "a second column \"") +
                         std::string(name.substr(0, 40)) + '"',
                     "the header line names source, target and perhaps weight and delay, each once");
        }
        column_is.push_back(known);
    });
    for (std::size_t name = 0; name < 2; ++name) {
        if (std::count(column_is.begin(), column_is.end(), name) == 0) {
            bad_file(file, 1, 1, object, "no column \"" + std::string(names[name]) + '"',
                     "the header line names source, target and perhaps weight and delay");
        }
    }
    Chunk chunk;
    std::uint64_t rows = 0;
    while (read_line(in, line, file, ++number, object)) {
        if (trimmed(line).empty()) continue;
        std::size_t fields = 0;
        each_field(line, [&](std::size_t field, std::string_view text, std::uint32_t column) {
            ++fields;
            if (field >= column_is.size()) return;
            const std::size_t name = column_is[field];
            const char* const end = text.data() + text.size();
            const auto bad = [&](const char* rule) {
                bad_file(file, number, column, object,
                         std::string(names[name]) + " = \"" + std::string(text.substr(0, 40)) + "\", but it must be " +
                             rule,
                         "correct this line");
            };
            if (name < 2) {
                std::int64_t value = 0;
                const auto [stop, error] = std::from_chars(text.data(), end, value);
                if (error != std::errc{} || stop != end) bad("an index, an integer from 0");
                (name == 0 ? chunk.sources : chunk.targets).push_back(value);
            } else {
                double value = 0.0;
                const auto [stop, error] = std::from_chars(text.data(), end, value);
                if (error != std::errc{} || stop != end) bad("a number");
                (name == 2 ? chunk.weights : chunk.delays).push_back(value);
            }
        });
        if (fields != column_is.size()) {
            bad_file(file, number, 1, object,
                     std::to_string(fields) + " fields, but the header line has " + std::to_string(column_is.size()),
                     "give every row one field for each column");
        }
        chunk.lines.push_back(number);
        ++rows;
        if (chunk.sources.size() == chunk_rows) {
            each(chunk);
            chunk.clear();
            chunk.first_row = rows;
        }
    }
    if (!chunk.sources.empty()) each(chunk);
}

// --------------------------------------------------------------------------------------------------------------- HDF5

void read_hdf5(const std::string& file, const std::string& group, const std::string& object, const EachChunk& each) {
    const std::lock_guard lock(hdf5::library_lock());
    const hdf5::Quiet quiet;
    const auto bad = [&](const std::string& message, const std::string& remedy) {
        bad_file(file, 0, 0, object, message, remedy);
    };
    const hdf5::Input input(file, object);
    if (!input.ok()) bad("the list can't be opened as HDF5", "check the path, or name a .csv file .csv");
    constexpr std::array<const char*, 4> names{"source", "target", "weight", "delay"};
    std::vector<std::pair<std::size_t, hdf5::Handle>> columns;
    hsize_t rows = 0;
    std::string prefix = group;
    while (!prefix.empty() && prefix.back() == '/')
        prefix.pop_back();
    while (!prefix.empty() && prefix.front() == '/')
        prefix.erase(0, 1);
    prefix = prefix.empty() ? "/" : '/' + prefix + '/';
    for (std::size_t name = 0; name < names.size(); ++name) {
        const std::string path = prefix + names[name];
        if (!input.exists(path)) {
            if (name < 2) bad("no dataset " + path, "a list has datasets source, target and perhaps weight and delay");
            continue;
        }
        hdf5::Handle data = input.dataset(path);
        if (!data.ok()) bad(path + " isn't a dataset", "give a one-dimensional dataset");
        const hdf5::Handle space(H5Dget_space(data.get()));
        const hdf5::Handle type(H5Dget_type(data.get()));
        const H5T_class_t kind = H5Tget_class(type.get());
        if (H5Sget_simple_extent_ndims(space.get()) != 1)
            bad(path + " isn't one-dimensional", "give one number a synapse");
        if (kind != H5T_INTEGER && (name < 2 || kind != H5T_FLOAT)) {
            bad(path + " doesn't hold " + (name < 2 ? "integers" : "numbers"), "convert the dataset");
        }
        hsize_t size = 0;
        H5Sget_simple_extent_dims(space.get(), &size, nullptr);
        if (name == 0) rows = size;
        if (size != rows) {
            bad(path + " has " + std::to_string(size) + " rows, but source has " + std::to_string(rows),
                "give every column a number for each synapse");
        }
        columns.emplace_back(name, std::move(data));
    }
    Chunk chunk;
    for (hsize_t first = 0; first < rows; first += chunk_rows) {
        const hsize_t count = std::min<hsize_t>(chunk_rows, rows - first);
        chunk.first_row = first;
        const hdf5::Handle memory(H5Screate_simple(1, &count, nullptr));
        for (const auto& [name, data] : columns) {
            const hdf5::Handle space(H5Dget_space(data.get()));
            H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &first, nullptr, &count, nullptr);
            // Read as signed: too large unsigned numbers become the largest one, which is refused like them.
            herr_t status = 0;
            if (name < 2) {
                std::vector<std::int64_t>& out = name == 0 ? chunk.sources : chunk.targets;
                out.resize(count);
                status = H5Dread(data.get(), H5T_NATIVE_INT64, memory.get(), space.get(), H5P_DEFAULT, out.data());
            } else {
                std::vector<double>& out = name == 2 ? chunk.weights : chunk.delays;
                out.resize(count);
                status = H5Dread(data.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, out.data());
            }
            if (status < 0)
                bad("rows from " + std::to_string(first) + " can't be read", "check the file, it may be damaged");
        }
        each(chunk);
    }
}

// --------------------------------------------------------------------------------------------------------------- Rule

class ExplicitList final : public RuleBase {
public:
    explicit ExplicitList(const RuleContext& context) : RuleBase(context) {
        if (!rule().allow_multapses) {
            refuse("allow_multapses = false, but a list says itself how many synapses a pair has",
                   "leave out allow_multapses");
        }
        check();
    }

    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        std::vector<std::uint64_t> targets;
        std::vector<Partition::Place> places;
        std::vector<DrawnSynapse> own;
        std::vector<double> weights, delays;
        const auto flush = [&] {
            if (!own.empty()) sink.listed(own, weights, delays);
            own.clear();
            weights.clear();
            delays.clear();
        };
        read([&](const Chunk& chunk) {
            targets.assign(chunk.targets.begin(), chunk.targets.end());
            places.resize(targets.size());
            context_.partition.places(context_.target_population, targets, places);
            for (std::size_t j = 0; j < targets.size(); ++j) {
                if (places[j].worker != worker) continue;
                own.push_back(
                    {targets[j], chunk.first_row + j, static_cast<std::uint64_t>(chunk.sources[j]), places[j].local});
                if (!chunk.weights.empty()) weights.push_back(chunk.weights[j]);
                if (!chunk.delays.empty()) delays.push_back(chunk.delays[j]);
                if (own.size() == batch) flush();
            }
        });
        flush();
    }
    [[nodiscard]] double expected_synapses() const override { return static_cast<double>(rows_); }
    [[nodiscard]] double indegree_bound() const override { return static_cast<double>(indegree_); }
    [[nodiscard]] double draws_per_synapse() const override {
        return static_cast<double>(context_.partition.workers());
    }

private:
    void read(const EachChunk& each) const {
        if (!context_.transposed) return read_file(each);
        Chunk exchanged;
        read_file([&](const Chunk& chunk) {
            exchanged = chunk;
            exchanged.sources.swap(exchanged.targets);
            each(exchanged);
        });
    }
    void read_file(const EachChunk& each) const {
        const std::string object = context_.projection.path + ".rule.explicit_list";
        const std::string& file = rule().file;
        if (file.size() >= 4 && file.compare(file.size() - 4, 4, ".csv") == 0) {
            read_csv(file, object, each);
        } else {
            read_hdf5(file, rule().dataset, object, each);
        }
    }
    /// Refuses what can't be connected; counts rows, and bounds indegrees by counts in 2^20 buckets (exact up to so
    /// many targets), which is no table of the network.
    void check() {
        const std::uint64_t source_size = context_.experiment.populations[context_.source_population].size;
        const std::uint64_t target_size = context_.experiment.populations[context_.target_population].size;
        const std::int64_t resolution = context_.experiment.simulation.resolution_ps;
        std::vector<std::uint64_t> buckets(
            static_cast<std::size_t>(std::clamp<std::uint64_t>(target_size, 1, 1U << 20)));
        std::vector<Diagnostic> errors;
        constexpr std::size_t most_errors = 20;
        read([&](const Chunk& chunk) {
            for (std::size_t j = 0; j < chunk.sources.size() && errors.size() < most_errors; ++j) {
                const auto bad = [&](const std::string& message, const std::string& remedy) {
                    Diagnostic d{Where{rule().file, chunk.lines.empty() ? 0 : chunk.lines[j], 0},
                                 context_.projection.path + ".rule.explicit_list", message, remedy};
                    if (chunk.lines.empty())
                        d.message = "row " + std::to_string(chunk.first_row + j) + ": " + d.message;
                    if (errors.size() < most_errors) errors.push_back(std::move(d));
                };
                const auto index = [&](const char* name, std::int64_t value, const SelectedNeurons& selected,
                                       std::uint64_t size, const std::string& population) {
                    const std::string is = std::string(name) + " = " + std::to_string(value);
                    if (value < 0 || static_cast<std::uint64_t>(value) >= size) {
                        bad(is + ", but " + population + " has neurons 0 to " + std::to_string(size) + " (exclusive)",
                            "correct the index; indices count from 0");
                    } else if (!selected.contains(static_cast<std::uint64_t>(value))) {
                        bad(is + ", but the projection selects other neurons of " + population,
                            "correct the index or widen the selection");
                    }
                };
                index("source", chunk.sources[j], sources_, source_size, context_.projection.source.population);
                index("target", chunk.targets[j], targets_, target_size, context_.projection.target.population);
                if (exclude_self() && chunk.sources[j] == chunk.targets[j]) {
                    bad("source = target = " + std::to_string(chunk.sources[j]) + ", but autapses are forbidden",
                        "remove the row or allow autapses");
                }
                if (!chunk.weights.empty() && !std::isfinite(chunk.weights[j])) {
                    bad("the weight isn't finite", "give a number");
                } else if (!chunk.weights.empty() && !std::isfinite(static_cast<float>(chunk.weights[j]))) {
                    bad("the weight is " + number(chunk.weights[j]) + ", but at most 3.4e38 in size can be stored",
                        "give a smaller weight");
                }
                if (!chunk.delays.empty()) check_delay(chunk.delays[j], resolution, bad);
                if (errors.empty()) ++buckets[static_cast<std::uint64_t>(chunk.targets[j]) % buckets.size()];
            }
            rows_ += chunk.sources.size();
        });
        if (!errors.empty()) throw InputError(std::move(errors));
        indegree_ = *std::max_element(buckets.begin(), buckets.end());
    }
    static std::string number(double value) {
        std::array<char, 32> text{};
        return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
    }
    template <class Bad>
    static void check_delay(double ms, std::int64_t resolution_ps, const Bad& bad) {
        const double resolution = static_cast<double>(resolution_ps) / 1e9;
        const double steps = ms / resolution;
        // A decimal number of ms is within a few ulp of its multiple; 1e-6 of a step is far more.
        if (!std::isfinite(ms) || steps < 1.0 - 1e-6) {
            bad("delay = " + std::to_string(ms) + " ms, but it must be at least the resolution, " +
                    std::to_string(resolution) + " ms",
                "give a longer delay or a finer resolution");
        } else if (steps > longest_delay_steps + 1e-6) {
            bad("delay = " + number(ms) + " ms is longer than " + std::to_string(longest_delay_steps) + " steps of " +
                    number(resolution) + " ms",
                "shorten it or take a coarser resolution");
        } else if (std::abs(steps - std::floor(steps + 0.5)) > 1e-6 * std::max(1.0, steps * 1e-6)) {
            bad("delay = " + std::to_string(ms) + " ms isn't a multiple of the resolution",
                "the nearest multiples are " + std::to_string(std::floor(steps) * resolution) + " ms and " +
                    std::to_string(std::ceil(steps) * resolution) + " ms");
        }
    }

    std::uint64_t rows_ = 0, indegree_ = 0;
};

} // namespace

RulePointer explicit_list(const RuleContext& context) {
    return std::make_unique<ExplicitList>(context);
}

} // namespace spikecast::rules
