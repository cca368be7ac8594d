#include "engine/checkpoint/sections.hpp"

#include "engine/experiment/archive.hpp"
#include "engine/experiment/bounded_archive.hpp"
#include "engine/experiment/reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <set>
#include <sstream>

#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/serialization/version.hpp>

// The versions of the sections. A new field is appended in serialize() under `if (version >= N)`.
BOOST_CLASS_VERSION(spikecast::ExperimentSection, 2)
BOOST_CLASS_VERSION(spikecast::RunSection, 1)
BOOST_CLASS_VERSION(spikecast::TotalsSection, 1)
BOOST_CLASS_VERSION(spikecast::RecordingSection, 2)

namespace spikecast {

/// Boost reads sections of any version as if it knew it.
template <class Section>
void refuse_newer(unsigned version) {
    using boost::archive::archive_exception;
    if (version > static_cast<unsigned>(boost::serialization::version<Section>::value))
        throw archive_exception(archive_exception::unsupported_class_version, Section::name);
}

template <class Archive>
void serialize(Archive& a, ExperimentSection& x, unsigned version) {
    refuse_newer<ExperimentSection>(version);
    a& x.program& x.text& x.directory& x.overrides& x.archive;
    if (version >= 2) a& x.inputs& x.input_checksums;
}
template <class Archive>
void serialize(Archive& a, RunSection& x, unsigned version) {
    refuse_newer<RunSection>(version);
    a& x.step& x.draw_seed& x.network_hash[0] & x.network_hash[1] & x.resolution_ps& x.max_delay;
    a& x.populations& x.models& x.sizes& x.stimuli& x.stimulus_models;
}
template <class Archive>
void serialize(Archive& a, TotalsSection& x, unsigned version) {
    refuse_newer<TotalsSection>(version);
    a& x.spikes& x.synaptic_events& x.spike_hash[0] & x.spike_hash[1] & x.bins_done;
    a& x.bin_counts& x.counts& x.squares& x.squares_high;
}
template <class Archive>
void serialize(Archive& a, RecordingSection& x, unsigned version) {
    refuse_newer<RecordingSection>(version);
    a& x.output& x.run& x.populations& x.spikes& x.traces& x.frames& x.first_steps;
    if (version >= 2) a& x.weight_looks& x.weight_changes& x.weight_first_steps;
}

template <class Section>
std::string to_bytes(const Section& section) {
    std::ostringstream stream(std::ios::binary);
    {
        boost::archive::binary_oarchive archive(stream);
        archive << section;
    }
    return std::move(stream).str();
}

template <class Section>
Section from_bytes(const std::string& bytes, const std::string& path) {
    try {
        std::istringstream stream(bytes, std::ios::binary);
        BoundedArchive archive(stream);
        Section section;
        archive >> section;
        return section;
    } catch (const boost::archive::archive_exception& e) {
        const bool newer = e.code == boost::archive::archive_exception::unsupported_class_version ||
                           e.code == boost::archive::archive_exception::unsupported_version;
        throw RunError(fmt::format(
            "{}: section {} {}", path, Section::name,
            newer ? fmt::format("comes from a newer version than this one ({}); use that version", SPIKECAST_VERSION)
                  : fmt::format("can't be read: {}", e.what())));
    } catch (const std::exception& e) {
        throw RunError(fmt::format("{}: section {} can't be read: {}", path, Section::name, e.what()));
    }
}

template std::string to_bytes(const ExperimentSection&);
template std::string to_bytes(const RunSection&);
template std::string to_bytes(const TotalsSection&);
template std::string to_bytes(const RecordingSection&);
template ExperimentSection from_bytes(const std::string&, const std::string&);
template RunSection from_bytes(const std::string&, const std::string&);
template TotalsSection from_bytes(const std::string&, const std::string&);
template RecordingSection from_bytes(const std::string&, const std::string&);

Experiment experiment_of(const ExperimentSection& section, const std::vector<std::string>& more,
                         const std::string& path, std::vector<std::string>* files) {
    if (!section.text.empty()) {
        std::vector<std::string> overrides = section.overrides;
        overrides.insert(overrides.end(), more.begin(), more.end());
        return read_experiment_text(section.text, section.directory, "the experiment in " + path, overrides, files);
    }
    if (section.program != SPIKECAST_VERSION)
        throw RunError(fmt::format("{}: its experiment was made in code by version {}, which this version ({}) can't "
                                   "read; use that version, or give the experiment again",
                                   path, section.program, SPIKECAST_VERSION));
    return from_archive(section.archive);
}

namespace {

/// Without what may differ between two readings of the same: relative names and places in the file.
ParameterValues normal(ParameterValues values) {
    for (auto& [name, value] : values)
        if (auto* file = std::get_if<ArrayFile>(&value)) file->file = std::filesystem::absolute(file->file).string();
    return values;
}
Population normal(Population p) {
    p.params = normal(std::move(p.params));
    p.init = normal(std::move(p.init));
    p.expected_rate = -1.0; // dry runs only
    return p;
}
Projection normal(Projection p) {
    if (!p.rule.file.empty()) p.rule.file = std::filesystem::absolute(p.rule.file).string();
    p.path.clear();
    return p;
}
Stimulus normal(Stimulus s) {
    s.params = normal(std::move(s.params));
    s.path.clear();
    return s;
}

void compare_values(const std::string& key, const ParameterValues& then, const ParameterValues& now,
                    std::vector<std::string>& different) {
    std::set<std::string> names;
    for (const auto& [name, value] : then)
        names.insert(name);
    for (const auto& [name, value] : now)
        names.insert(name);
    for (const std::string& name : names) {
        const auto a = then.find(name), b = now.find(name);
        if (a == then.end() || b == now.end() || !(a->second == b->second)) different.push_back(key + "." + name);
    }
}

/// The objects of two lists by name: visit(then, now), either of which may be null.
template <class Object, class Visit>
void side_by_side(const std::vector<Object>& then, const std::vector<Object>& now, Visit&& visit) {
    const auto named = [](const std::vector<Object>& list, const std::string& name) -> const Object* {
        for (const Object& each : list)
            if (each.name == name) return &each;
        return nullptr;
    };
    for (const Object& each : then)
        visit(&each, named(now, each.name));
    for (const Object& each : now)
        if (named(then, each.name) == nullptr) visit(nullptr, &each);
}

} // namespace

std::string recorders_of(const Experiment& experiment) {
    std::vector<SpikeRecorder> spikes = experiment.spike_recorders;
    std::vector<StateRecorder> state = experiment.state_recorders;
    std::vector<WeightRecorder> weights = experiment.weight_recorders;
    for (SpikeRecorder& each : spikes)
        each.path.clear();
    for (StateRecorder& each : state)
        each.path.clear();
    for (WeightRecorder& each : weights)
        each.path.clear();
    return to_archive(spikes, state, weights);
}

bool same(const Stimulus& then, const Stimulus& now) {
    return to_archive(normal(then)) == to_archive(normal(now));
}

std::vector<Difference> differences(const Experiment& then, const Experiment& now) {
    std::vector<Difference> out;
    const auto past = [&](std::string key, std::string why) {
        out.push_back({.key = std::move(key), .why = std::move(why)});
    };
    const auto may = [&](std::string key, std::string why) {
        out.push_back({.key = std::move(key), .past = false, .why = std::move(why)});
    };
    const SimulationSettings &a = then.simulation, &b = now.simulation;
    if (a.resolution_ps != b.resolution_ps) past("simulation.resolution", "time is counted in its steps");
    if (a.seed != b.seed)
        past("simulation.seed", "the network and all that happened was drawn with it; --reseed N changes what follows");
    if (a.precision != b.precision) past("simulation.precision", "the state was computed in it");
    if (a.weights != b.weights) past("simulation.weights", "what neurons received was summed in this format");
    if (a.warmup_steps != b.warmup_steps) past("simulation.warmup", "statistics began at its end");
    if (a.duration_steps != b.duration_steps) may("simulation.duration", "it only says when to end");
    if (a.partitioner != b.partitioner || a.partition_seed != b.partition_seed)
        may("simulation.partitioner", "no result depends on it");
    if (!(then.machine == now.machine))
        may("machine", "without the router model it is the partition, on which no result depends");
    if (a.exchange != b.exchange) may("simulation.exchange", "no result depends on it");
    if (a.drawing != b.drawing) may("simulation.drawing", "no result depends on it");

    const char* const drawn = "what happened came from it";
    bool order = then.populations.size() == now.populations.size();
    for (std::size_t p = 0; order && p < then.populations.size(); ++p)
        order = then.populations[p].name == now.populations[p].name;
    if (!order) past("populations", "others were simulated, or in another order");
    side_by_side(then.populations, now.populations, [&](const Population* x, const Population* y) {
        if (x == nullptr || y == nullptr) return past("populations." + (x != nullptr ? x : y)->name, drawn);
        const Population m = normal(*x), n = normal(*y);
        const std::string key = "populations." + m.name;
        std::vector<std::string> keys;
        if (m.model != n.model) keys.push_back(key + ".model");
        if (m.size != n.size) keys.push_back(key + ".size");
        if (!(m.positions == n.positions)) keys.push_back(key + ".positions");
        compare_values(key + ".params", m.params, n.params, keys);
        compare_values(key + ".init", m.init, n.init, keys);
        if (keys.empty() && to_archive(m) != to_archive(n)) keys.push_back(key);
        for (std::string& each : keys)
            past(std::move(each), drawn);
    });
    side_by_side(then.projections, now.projections, [&](const Projection* x, const Projection* y) {
        if (x == nullptr || y == nullptr) return past((x != nullptr ? x : y)->path, drawn);
        const Projection m = normal(*x), n = normal(*y);
        std::vector<std::string> keys;
        if (!(m.rule == n.rule)) keys.push_back(y->path + ".rule");
        if (!(m.weight == n.weight)) keys.push_back(y->path + ".weight");
        if (!(m.delay == n.delay)) keys.push_back(y->path + ".delay");
        if (keys.empty() && to_archive(m) != to_archive(n)) keys.push_back(y->path);
        for (std::string& each : keys)
            past(std::move(each), drawn);
    });
    if (out.empty() || std::none_of(out.begin(), out.end(), [](const Difference& d) { return d.past; })) {
        for (std::size_t i = 0; i < then.projections.size(); ++i)
            if (then.projections[i].name != now.projections[i].name) {
                past("projections", "they were in another order, in which inputs are summed");
                break;
            }
    }
    const char* const follows = "it acts on what follows: a branch";
    side_by_side(then.stimuli, now.stimuli, [&](const Stimulus* x, const Stimulus* y) {
        if (x != nullptr && y != nullptr && same(*x, *y)) return;
        const std::string& path = y != nullptr ? y->path : x->path;
        out.push_back({.key = path.empty() ? (y != nullptr ? y : x)->name : path,
                       .past = false,
                       .stimulus = true,
                       .why = follows});
    });
    bool stimuli_ordered = then.stimuli.size() == now.stimuli.size();
    for (std::size_t i = 0; stimuli_ordered && i < then.stimuli.size(); ++i)
        stimuli_ordered = then.stimuli[i].name == now.stimuli[i].name;
    if (!stimuli_ordered && std::none_of(out.begin(), out.end(), [](const Difference& d) { return d.stimulus; }))
        out.push_back({.key = "stimuli", .past = false, .stimulus = true, .why = follows});
    if (recorders_of(then) != recorders_of(now))
        out.push_back({.key = "recorders", .past = false, .recorder = true, .why = "they only watch"});
    return out;
}

} // namespace spikecast
