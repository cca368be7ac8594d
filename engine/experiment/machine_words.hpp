// The words and numbers of [machine] and of `spikecast map`: what they may be and what they stand for.
#pragma once

#include "partitioners/spinnaker/pipeline.hpp"
#include "partitioners/spinnaker/traffic.hpp"
#include "spikecast/experiment.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace spikecast {

struct Range {
    double low, high; ///< both inclusive
};
inline constexpr Range cores_per_chip_range{1, 100000};
inline constexpr Range atoms_per_core_range{1, 65536};
inline constexpr Range slowdown_range{1e-3, 1e6};
inline constexpr Range rate_range{0.0, 1e6};
inline constexpr Range effort_range{0.0, 1000.0};
inline constexpr Range congestion_rounds_range{0, 1000};

/// How to map.
struct MapWords {
    std::string place = "ours", objective = "tree-cost", route = "steiner", keys = "own", minimise = "best";
    double effort = 1.0;
    int congestion_rounds = 0;
    std::uint32_t target_entries = 0;
    bool fit_entries = false; ///< the target of each chip is what its router holds
    std::uint64_t seed = 1;
    std::uint32_t threads = 1;
};

/// What [machine] says; of the rest, defaults.
[[nodiscard]] MapWords map_words(const MachineSettings& machine, std::uint32_t threads);

/// Hears of a word that stands for nothing: which key it was given to, what is wrong, and the remedy.
using WrongWord = std::function<void(const std::string& key, std::string message, std::string remedy)>;

/// Bytes as "128 MiB", "64 KiB", "1 GiB" or a plain number; nothing where it is none of them.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// The pipeline's settings; a wrong word is told, with its default in its place.
[[nodiscard]] mapping::PipelineSettings pipeline_settings(const MapWords& words, const WrongWord& wrong);

/// The machine that [machine] names; with target "auto", that it is to be found.
[[nodiscard]] mapping::MachineSpec machine_spec(const MachineSettings& machine);

enum class TrafficKind : std::uint8_t { number, whole, flag };
/// What a key of machine.traffic takes; throws std::logic_error for one that the schema doesn't declare.
[[nodiscard]] TrafficKind traffic_kind(std::string_view key);
/// Sets a key of machine.traffic from an assignment, as "wait_cycles=100" or "reinject=true". Throws InputError.
void set_traffic(std::map<std::string, double>& traffic, const std::string& assignment);
/// The router model's settings for steps of so many ms of machine time.
[[nodiscard]] mapping::TrafficSettings traffic_settings(const MachineSettings& machine, double step_ms);

/// Adds all that is wrong with an experiment's [machine]; nothing where it has none.
void check_machine(const Experiment& experiment, const WrongWord& wrong);

} // namespace spikecast
