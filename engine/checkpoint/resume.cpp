#include "engine/checkpoint/resume.hpp"

#include "engine/exchange/collective.hpp"
#include "engine/experiment/archive.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>
#include <variant>

namespace spikecast {

namespace {

bool same_file(const std::string& a, const std::string& b) {
    namespace fs = std::filesystem;
    std::error_code code;
    return !a.empty() && !b.empty() &&
           (fs::equivalent(a, b, code) || fs::absolute(a).lexically_normal() == fs::absolute(b).lexically_normal());
}

/// Refuses what would have changed the past; says what differs from here on.
void compare(Resume& resume, const SimulationOptions& options, const Experiment& then, const Experiment& now) {
    const std::string time = fmt::format("{} ms", now.simulation.time_ms(resume.run.step));
    std::vector<Diagnostic> wrong;
    bool branches = false, other_recorders = false;
    for (const Difference& d : differences(then, now)) {
        if (d.past)
            wrong.push_back(
                {now.where(d.key), d.key,
                 fmt::format("differs from the run that {} is a checkpoint of, but {}", options.resume, d.why),
                 "leave it as it was, or run from the beginning"});
        else
            resume.changes.push_back(fmt::format("{} changes from {} on: {}", d.key, time, d.why));
        branches = branches || d.stimulus;
        other_recorders = other_recorders || d.recorder;
    }
    if (options.reseed) {
        branches = branches || *options.reseed != resume.run.draw_seed;
        resume.changes.push_back(
            fmt::format("generators and neurons that spike by chance draw with seed {} from {} on: "
                        "a branch",
                        *options.reseed, time));
    }
    if (now.simulation.duration_steps < resume.run.step)
        wrong.push_back({now.where("simulation.duration"), "simulation.duration",
                         fmt::format("{} ms end before the checkpoint, which is at {}",
                                     now.simulation.time_ms(now.simulation.duration_steps), time),
                         "give a longer duration, or take an earlier checkpoint"});
    resume.continues_output = same_file(options.output, resume.recording.output);
    if (resume.continues_output && (branches || other_recorders))
        wrong.push_back({{"--output", 0, 0},
                         options.output,
                         fmt::format("this file holds the run up to {} and beyond, and {}", time,
                                     branches ? "a branch would end up in it" : "its recorders were others"),
                         "name another file, which will begin at the checkpoint"});
    if (branches && same_file(options.checkpoint.file, options.resume))
        wrong.push_back({{"--checkpoint", 0, 0},
                         options.checkpoint.file,
                         "a branch's checkpoints would take the place of the one that it begins with",
                         "name another file"});
    if (!wrong.empty()) throw InputError(std::move(wrong));
    resume.old_stimulus.resize(now.stimuli.size());
    for (std::size_t s = 0; s < now.stimuli.size(); ++s)
        for (std::size_t old = 0; old < then.stimuli.size(); ++old)
            if (then.stimuli[old].name == now.stimuli[s].name && same(then.stimuli[old], now.stimuli[s]))
                resume.old_stimulus[s] = old;
}

/// Refuses files whose contents have changed since the run began, though their names haven't.
void compare_inputs(Resume& resume, const ExperimentSection& then, const Experiment& now,
                    const std::string& checkpoint) {
    if (then.inputs.size() != then.input_checksums.size())
        throw RunError(checkpoint + ": its inputs and their checksums don't fit together");
    if (then.inputs.empty()) return; // also of version 1
    const InputChecksums& present = resume.inputs.emplace(input_checksums(now));
    std::vector<Diagnostic> wrong;
    for (std::size_t i = 0; i < then.inputs.size(); ++i) {
        const std::string& name = then.inputs[i];
        const auto found = present.find(name);
        if (found == present.end() || found->second == then.input_checksums[i]) continue;
        const bool tree = !std::filesystem::path(name).is_absolute();
        if (tree && then.program != SPIKECAST_VERSION) continue; // versions may store trees in other ways
        wrong.push_back({tree ? now.where(name) : Where{name, 0, 0}, tree ? name : "",
                         fmt::format("isn't what it was when the run that {} is a checkpoint of began", checkpoint),
                         "put the old contents back; for a branch with other stimuli, give the new file another name"});
    }
    if (!wrong.empty()) throw InputError(std::move(wrong));
}

} // namespace

InputChecksums input_checksums(const Experiment& experiment) {
    InputChecksums sums;
    const auto add = [&](const std::string& file) {
        if (file.empty()) return;
        const std::string path = std::filesystem::absolute(file).lexically_normal().string();
        if (sums.find(path) == sums.end()) sums[path] = file_checksum(path);
    };
    const auto arrays = [&](const ParameterValues& values) {
        for (const auto& [name, value] : values)
            if (const auto* array = std::get_if<ArrayFile>(&value)) add(array->file);
    };
    for (const Population& p : experiment.populations) {
        arrays(p.params);
        arrays(p.init);
        if (p.cable == nullptr) continue;
        Population tree;
        tree.cable = p.cable;
        const std::string bytes = to_archive(tree);
        sums["populations." + p.name + ".morphology"] = checksum(std::as_bytes(std::span(bytes)), 0);
    }
    for (const Stimulus& s : experiment.stimuli)
        arrays(s.params);
    for (const Projection& p : experiment.projections) {
        arrays(p.synapse_params);
        add(p.rule.file);
    }
    return sums;
}

ExperimentSection experiment_section(const Experiment& experiment, const InputChecksums& inputs) {
    ExperimentSection section;
    section.program = SPIKECAST_VERSION;
    section.text = experiment.text;
    section.directory = std::filesystem::absolute(experiment.directory.empty() ? "." : experiment.directory).string();
    section.overrides = experiment.overrides;
    if (experiment.text.empty()) section.archive = to_archive(experiment);
    for (const auto& [name, sum] : inputs) {
        section.inputs.push_back(name);
        section.input_checksums.push_back(sum);
    }
    return section;
}

RunSection run_section(const Experiment& experiment, std::int64_t step, std::uint64_t draw_seed,
                       const std::array<std::uint64_t, 2>& network_hash, std::uint32_t max_delay) {
    RunSection section;
    section.step = step;
    section.draw_seed = draw_seed;
    section.network_hash[0] = network_hash[0];
    section.network_hash[1] = network_hash[1];
    section.resolution_ps = experiment.simulation.resolution_ps;
    section.max_delay = max_delay;
    for (const Population& p : experiment.populations) {
        section.populations.push_back(p.name);
        section.models.push_back(p.model);
        section.sizes.push_back(p.size);
    }
    for (const Stimulus& s : experiment.stimuli) {
        section.stimuli.push_back(s.name);
        section.stimulus_models.push_back(s.model);
    }
    return section;
}

std::optional<Resume> open_checkpoint(MPI_Comm comm, const SimulationOptions& options, const Experiment& experiment) {
    if (options.resume.empty()) {
        collectively(comm, [&] {
            if (options.reseed)
                throw RunError("--reseed changes what follows a checkpoint, but the run begins at 0; use --resume, or "
                               "simulation.seed");
        });
        return std::nullopt;
    }
    std::optional<Resume> resume;
    resume.emplace(Resume{CheckpointReader(comm, options.resume), {}, {}, {}, {}, {}, false, {}});
    const std::string told = resume->reader.text(ExperimentSection::name), run = resume->reader.text(RunSection::name),
                      totals = resume->reader.text(TotalsSection::name),
                      recording = resume->reader.text(RecordingSection::name);
    collectively(comm, [&] {
        const std::string& path = options.resume;
        resume->run = from_bytes<RunSection>(run, path);
        resume->totals = from_bytes<TotalsSection>(totals, path);
        resume->recording = from_bytes<RecordingSection>(recording, path);
        const std::size_t populations = resume->run.populations.size();
        const TotalsSection& t = resume->totals;
        const RecordingSection& r = resume->recording;
        if (resume->run.step < 0 || resume->run.sizes.size() != populations || t.bin_counts.size() != populations ||
            t.counts.size() != populations || t.squares.size() != populations || t.squares_high.size() != populations ||
            r.spikes.size() != r.populations.size() || r.frames.size() != r.traces.size() ||
            r.first_steps.size() != r.traces.size() || r.weight_changes.size() != r.weight_looks.size() ||
            r.weight_first_steps.size() != r.weight_looks.size())
            throw RunError(path + ": its sections don't fit together");
    });
    // One reading for all ranks: files that the experiment names are looked at.
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    std::vector<std::int64_t> old(experiment.stimuli.size(), -1);
    int goes_on = 0;
    collectively(comm, [&] {
        if (rank != 0) return;
        const auto section = from_bytes<ExperimentSection>(told, options.resume);
        Experiment then = experiment_of(section, {}, options.resume);
        compare(*resume, options, then, experiment);
        compare_inputs(*resume, section, experiment, options.resume);
        for (std::size_t s = 0; s < old.size(); ++s)
            if (resume->old_stimulus[s]) old[s] = static_cast<std::int64_t>(*resume->old_stimulus[s]);
        goes_on = resume->continues_output ? 1 : 0;
    });
    MPI_Bcast(&goes_on, 1, MPI_INT, 0, comm);
    MPI_Bcast(old.data(), static_cast<int>(old.size()), MPI_INT64_T, 0, comm);
    resume->continues_output = goes_on != 0;
    resume->old_stimulus.assign(old.size(), std::nullopt);
    for (std::size_t s = 0; s < old.size(); ++s)
        if (old[s] >= 0) resume->old_stimulus[s] = static_cast<std::size_t>(old[s]);
    return resume;
}

} // namespace spikecast
