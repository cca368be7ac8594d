// The command-line program: wires reader, engine, recorders and report together.
#include "engine/app/dry_run.hpp"
#include "engine/app/map.hpp"
#include "engine/app/minimise.hpp"
#include "engine/app/outputs.hpp"
#include "engine/app/predict.hpp"
#include "engine/app/progress.hpp"
#include "engine/app/report.hpp"
#include "engine/app/signals.hpp"
#include "engine/checkpoint/resume.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/experiment/archive.hpp"
#include "engine/experiment/quantity.hpp"
#include "engine/experiment/reader.hpp"
#include "engine/mapping/machine_run.hpp"
#include "engine/network/plan.hpp"
#include "engine/recording/hdf5.hpp"
#include "engine/recording/network_file.hpp"
#include "models/reference_page.hpp"
#include "partitioners/partitioners.hpp"
#include "spikecast/plasticity.hpp"
#include "spikecast/simulation.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <mpi.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace spikecast {
namespace {

/// Of a run that a signal ended in order.
constexpr int interrupted_exit_code = 3;

struct Arguments {
    std::string experiment;
    std::vector<std::string> overrides;
    std::string output, report, network, model;
    std::string checkpoint, checkpoint_every, checkpoint_wall, resume;
    std::uint32_t checkpoint_keep = 1;
    std::optional<std::uint64_t> reseed;
    std::uint32_t threads = 1, ranks = 0;
    bool quiet = false, ignore_memory = false, by_rank = false;
    std::uint32_t dry_run_ranks = 0, dry_run_rank = 0;
    Network dry_run_network;
};

/// The experiment of the arguments: the file's, or that of the checkpoint to go on from.
Experiment read(const Arguments& arguments, std::vector<std::string>* files) {
    if (!arguments.experiment.empty()) return read_experiment(arguments.experiment, arguments.overrides, files);
    if (arguments.resume.empty())
        throw InputError({{"spikecast run", 0, 0}, "EXPERIMENT", "is missing", "name an experiment file, or --resume"});
    const CheckpointIndex index = read_checkpoint_index(arguments.resume);
    const auto section =
        from_bytes<ExperimentSection>(read_checkpoint_text(index, ExperimentSection::name), arguments.resume);
    return experiment_of(section, arguments.overrides, arguments.resume, files);
}

/// Rank 0 reads and checks; the others get the result as one archive. Collective.
Experiment read_on_rank_0(const Arguments& arguments, int rank, std::vector<std::string>* files = nullptr) {
    std::string archive;
    Experiment experiment;
    collectively(MPI_COMM_WORLD, [&] {
        if (rank != 0) return;
        experiment = read(arguments, files);
        archive = to_archive(experiment);
    });
    std::uint64_t size = archive.size();
    MPI_Bcast(&size, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    archive.resize(size);
    for (std::uint64_t done = 0; done < size; done += 1U << 30)
        MPI_Bcast(archive.data() + done, static_cast<int>(std::min<std::uint64_t>(1U << 30, size - done)), MPI_CHAR, 0,
                  MPI_COMM_WORLD);
    collectively(MPI_COMM_WORLD, [&] {
        if (rank != 0) experiment = from_archive(archive);
    });
    return experiment;
}

std::vector<std::uint64_t> sizes_of(const Experiment& experiment) {
    std::vector<std::uint64_t> sizes;
    for (const Population& population : experiment.populations)
        sizes.push_back(population.size);
    return sizes;
}

Prediction predict_for(const Experiment& experiment, std::uint32_t ranks, std::uint32_t threads, bool writes) {
    const auto partition = make_partition(experiment.simulation, sizes_of(experiment), ranks * threads);
    return predict(make_plan(MPI_COMM_SELF, experiment, partition, threads), ranks, writes);
}

/// Refuses a file that can't be written, or that would take the place of another one.
void check_output(const std::string& path, const std::vector<std::string>& others) {
    namespace fs = std::filesystem;
    if (path.empty()) return;
    const auto refuse = [&](const std::string& why) {
        throw InputError({{path, 0, 0}, "output", why, "name another file"});
    };
    std::error_code code;
    const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
    if (!fs::is_directory(folder, code) || ::access(folder.c_str(), W_OK) != 0)
        throw InputError({{path, 0, 0},
                          "output",
                          fmt::format("the folder {} does not exist or can't be written", folder.string()),
                          "make it, or name another file"});
    if (fs::is_directory(path, code)) refuse("this is a folder");
    if (fs::exists(path, code) && ::access(path.c_str(), W_OK) != 0) refuse("the file is there and can't be written");
    if (const std::string other = same_file(path, others); !other.empty())
        refuse(fmt::format("this is also {}, which would be overwritten", other));
}

/// Where the population with most neurons got its size.
Where largest_population(const Experiment& experiment) {
    const auto largest = std::max_element(experiment.populations.begin(), experiment.populations.end(),
                                          [](const Population& a, const Population& b) { return a.size < b.size; });
    return largest == experiment.populations.end() ? Where{}
                                                   : experiment.where("populations." + largest->name + ".size");
}

/// Refuses to begin what can't end well: more memory than there is, files that can't be written. files: what the
/// experiment is read from.
void check_means(const Arguments& arguments, const Experiment& experiment, const std::vector<std::string>& files,
                 int rank, int ranks) {
    MPI_Comm node = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    int node_ranks = 1;
    MPI_Comm_size(node, &node_ranks);
    MPI_Comm_free(&node);
    collectively(MPI_COMM_WORLD, [&] {
        if (rank != 0) return;
        if (!arguments.ignore_memory) {
            const Prediction need = predict_for(experiment, static_cast<std::uint32_t>(ranks), arguments.threads,
                                                !arguments.output.empty());
            const double have = available_memory();
            const bool keeps = !(arguments.checkpoint + arguments.checkpoint_every + arguments.checkpoint_wall).empty();
            const double bytes = need.bytes_per_rank + (keeps ? need.checkpoint_bytes_per_rank : 0.0);
            double neurons = 0.0;
            for (const Population& population : experiment.populations)
                neurons += static_cast<double>(population.size);
            if (bytes * node_ranks > have)
                throw InputError(
                    {largest_population(experiment), "memory",
                     fmt::format("{:.4g} neurons with {:.4g} synapses need {} on each of {} ranks of this node, but "
                                 "only {} are "
                                 "free",
                                 neurons, need.synapses, format_bytes(bytes), node_ranks, format_bytes(have)),
                     "run on more machines, scale the network down, use weights = \"compact\", or try all the "
                     "same with --ignore-memory"});
        }
        std::vector<std::string> others = files;
        others.push_back(arguments.experiment);
        check_output(arguments.checkpoint, others); // which may be what the run goes on from
        others.push_back(arguments.resume);
        check_output(arguments.output, others);
        others.push_back(arguments.output);
        check_output(arguments.report, others);
        check_output(arguments.checkpoint, {arguments.output, arguments.report});
    });
}

/// A time of an option in its unit; 0 for "".
double time_of(const std::string& option, const std::string& text, double unit_ms) {
    if (text.empty()) return 0.0;
    double ms = 0.0;
    try {
        std::string number = text;
        double unit = 1.0; // beside those of experiments, whose min is a function
        for (const auto& [symbol, length] : {std::pair<std::string, double>{"min", 60e3}, {"h", 3600e3}})
            if (number.ends_with(symbol) && number.size() > symbol.size()) {
                number.resize(number.size() - symbol.size());
                number += " ms";
                unit = length;
                break;
            }
        ms = in_unit(evaluate(number, {}), "ms", text) * unit;
    } catch (const std::exception& e) {
        throw InputError({{option, 0, 0}, "", e.what(), "write a time, as in \"10 s\""});
    }
    if (!(ms > 0.0) || !std::isfinite(ms))
        throw InputError({{option, 0, 0}, "", fmt::format("{} isn't a time above 0", text), "write \"10 s\""});
    return ms / unit_ms;
}

/// What --checkpoint and its kin ask for, and the files of a run that goes on. Collective.
CheckpointOptions checkpoint_options(Arguments& arguments, const Experiment& experiment, int rank) {
    CheckpointOptions options;
    std::string output = arguments.output;
    collectively(MPI_COMM_WORLD, [&] {
        options.every_ms = time_of("--checkpoint-every", arguments.checkpoint_every, 1.0);
        options.wall_s = time_of("--checkpoint-wall", arguments.checkpoint_wall, 1000.0);
        const double h = experiment.simulation.resolution_ms(), steps = std::round(options.every_ms / h);
        if (std::abs(steps * h - options.every_ms) > 1e-9 * std::max(1.0, options.every_ms) ||
            (options.every_ms > 0.0 && steps < 1.0))
            throw InputError({{"--checkpoint-every", 0, 0},
                              "",
                              fmt::format("{} ms is not a multiple of the resolution, {} ms", options.every_ms, h),
                              fmt::format("the nearest are {} and {} ms", std::floor(options.every_ms / h) * h,
                                          std::ceil(options.every_ms / h) * h)});
        options.keep = arguments.checkpoint_keep;
        const bool wanted = options.every_ms > 0.0 || options.wall_s > 0.0;
        const bool same_run = !arguments.resume.empty() && !arguments.reseed && arguments.output.empty();
        if (arguments.checkpoint.empty() && same_run) arguments.checkpoint = arguments.resume;
        if (arguments.checkpoint.empty() && wanted)
            arguments.checkpoint =
                std::filesystem::path(arguments.experiment.empty() ? arguments.resume : arguments.experiment)
                    .stem()
                    .string() +
                ".checkpoint.h5";
        options.file = arguments.checkpoint;
        if (rank == 0 && !arguments.resume.empty() && arguments.output.empty()) {
            const CheckpointIndex index = read_checkpoint_index(arguments.resume);
            output = from_bytes<RecordingSection>(read_checkpoint_text(index, RecordingSection::name), arguments.resume)
                         .output;
        }
    });
    std::uint64_t length = output.size();
    MPI_Bcast(&length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    output.resize(length);
    MPI_Bcast(output.data(), static_cast<int>(length), MPI_CHAR, 0, MPI_COMM_WORLD);
    arguments.output = output;
    return options;
}

void check_cores(const Arguments& arguments, int rank) {
    cpu_set_t mine;
    CPU_ZERO(&mine);
    sched_getaffinity(0, sizeof mine, &mine);
    const int cores = CPU_COUNT(&mine);
    if (rank == 0 && !arguments.quiet && static_cast<int>(arguments.threads) > cores)
        fmt::print(
            stderr,
            "note: {} threads share {} core{} (mpirun binds a rank to one core); start with mpirun --bind-to none, "
            "or use fewer threads\n",
            arguments.threads, cores, cores == 1 ? "" : "s");
}

/// Refuses a dry run that makes no sense before anything is predicted or built. Collective.
void check_dry_run(const Arguments& arguments, const Experiment& experiment, const Environment& environment) {
    collectively(MPI_COMM_WORLD, [&] {
        const std::uint32_t ranks = arguments.dry_run_ranks;
        std::vector<Diagnostic> wrong;
        const auto refuse = [&](const char* option, const std::string& why, const std::string& remedy) {
            wrong.push_back({{option, 0, 0}, "", why, remedy});
        };
        if (environment.ranks() != 1)
            refuse("--dry-run-ranks", fmt::format("a dry run is one process, but there are {}", environment.ranks()),
                   "start it without mpirun, or with mpirun -n 1");
        if (arguments.dry_run_rank >= ranks)
            refuse("--dry-run-rank", fmt::format("there is no rank {} of {}", arguments.dry_run_rank, ranks),
                   fmt::format("ranks count from 0; give at most {}", ranks - 1));
        if (std::uint64_t{ranks} * arguments.threads > 0x7fff'ffffU)
            refuse("--dry-run-ranks",
                   fmt::format("{} ranks of {} threads are more than 2^31 workers", ranks, arguments.threads),
                   "ask for fewer");
        if (!arguments.output.empty())
            refuse("--output", "a dry run's spikes are no result", "leave it out; --report takes the figures");
        if (!arguments.checkpoint.empty() || !arguments.resume.empty())
            refuse(arguments.resume.empty() ? "--checkpoint" : "--resume", "a dry run has no state to keep",
                   "leave it out");
        for (const Projection& projection : experiment.projections) {
            const Population& source = *experiment.find_population(projection.source.population);
            const std::string key = "populations." + source.name + ".expected_rate";
            const bool said =
                std::any_of(wrong.begin(), wrong.end(), [&](const Diagnostic& d) { return d.object == key; });
            if (expected_rate(experiment, source) < 0.0 && !said)
                wrong.push_back(
                    {experiment.where(key), key,
                     "a dry run draws the spikes of other ranks' neurons, but the experiment states no rate "
                     "of this population",
                     "give expected_rate, in Hz"});
        }
        if (!wrong.empty()) throw InputError(std::move(wrong));
    });
}

/// Prints an error that is the same on all ranks, and waits for them.
void print_collective(const CollectiveError& e, int rank) {
    if (rank == 0) {
        std::fflush(stdout);
        fmt::print(stderr, "{}\n", e.what());
        std::fflush(stderr);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

/// Runs what writes files that stay open. Where one can't be written, the program ends here: HDF5 would hang closing
/// it, which takes all ranks, or crash on it in MPI_Finalize.
template <class Work>
void writing(int rank, Work&& work) {
    try {
        work();
    } catch (const hdf5::FileError& e) {
        print_collective(e, rank);
        std::_Exit(e.exit_code());
    }
}

int run(Arguments arguments, const Environment& environment) {
    const int rank = environment.rank();
    catch_signals();
    std::vector<std::string> files;
    Experiment experiment = read_on_rank_0(arguments, rank, &files);
    check_cores(arguments, rank);
    const CheckpointOptions checkpoint = checkpoint_options(arguments, experiment, rank);
    if (arguments.dry_run_ranks > 0) check_dry_run(arguments, experiment, environment);
    check_means(arguments, experiment, files, rank,
                arguments.dry_run_ranks > 0 ? static_cast<int>(arguments.dry_run_ranks) : environment.ranks());
    const Reference reference = experiment.reference;
    std::vector<double> expected;
    for (const Population& population : experiment.populations)
        expected.push_back(expected_rate(experiment, population));
    const SimulationSettings settings = experiment.simulation;
    const std::string title = experiment.title;
    const bool silent = arguments.quiet || rank != 0;
    std::optional<Progress> building(std::in_place, "building", 1.0, "synapses", silent);
    std::optional<Progress> simulating;
    SimulationOptions options;
    options.threads = arguments.threads;
    options.output = arguments.output;
    options.checkpoint = checkpoint;
    options.resume = arguments.resume;
    options.reseed = arguments.reseed;
    options.stop = signal_that_came;
    options.by_rank = arguments.by_rank;
    if (arguments.dry_run_ranks > 0) options.dry_run = DryRun{arguments.dry_run_ranks, arguments.dry_run_rank};
    const double workers = static_cast<double>(environment.ranks()) * arguments.threads; // that build here
    options.build_progress = [&](double done, double of) { building->update(done * workers / 2, of * workers / 2); };
    double begun_at_ms = 0.0;
    options.run_progress = [&](double done, double of) { simulating->update(done - begun_at_ms, of - begun_at_ms); };
    Simulation simulation(std::move(experiment), options);
    building->finish();
    const double begin_ms = settings.time_ms(simulation.now());
    if (!silent && !arguments.resume.empty()) {
        fmt::print(stderr, "resumed at {} ms from {}\n", begin_ms, arguments.resume);
        for (const std::string& change : simulation.changes())
            fmt::print(stderr, "  {}\n", change);
    }
    simulating.emplace("simulating", settings.time_ms(settings.duration_steps) - begin_ms, "ms", silent);
    begun_at_ms = begin_ms;
    writing(rank, [&] { simulation.run_steps(settings.duration_steps - simulation.now()); });
    const double end_ms = settings.time_ms(simulation.now());
    const std::string signal = simulation.stopped() != 0 ? signal_name(simulation.stopped()) : "";
    simulating->finish();

    const RunReport report{title, settings, simulation.summary(), SPIKECAST_VERSION, signal};
    const bool dry = arguments.dry_run_ranks > 0;
    const DryRunReport dry_report{report, arguments.dry_run_network, expected};
    const std::string json = dry ? to_json(dry_report) : to_json(report);
    writing(rank, [&] { simulation.finish(json); });
    collectively(MPI_COMM_WORLD, [&] {
        if (rank != 0 || arguments.report.empty()) return;
        std::ofstream file(arguments.report);
        file << json << '\n';
        file.flush();
        if (!file) throw RunError(fmt::format("{}: the report can't be written", arguments.report));
    });
    if (!silent) {
        fmt::print("{}", dry ? to_table(dry_report) : to_table(report, reference));
        if (!arguments.output.empty()) fmt::print("spikes: {}\n", arguments.output);
        if (!arguments.report.empty()) fmt::print("report: {}\n", arguments.report);
        if (report.summary.checkpoints.written > 0) fmt::print("checkpoint: {}\n", report.summary.checkpoints.file);
    }
    if (signal.empty()) return 0;
    if (rank == 0) {
        std::fflush(stdout);
        if (checkpoint.file.empty())
            fmt::print(stderr,
                       "{} ended the run at {} ms; there is no checkpoint, for nobody asked for one "
                       "(--checkpoint FILE)\n",
                       signal, end_ms);
        else if (report.summary.checkpoints.written == 0)
            fmt::print(stderr, "{} ended the run before its first step\n", signal);
        else
            fmt::print(stderr, "{} ended the run at {} ms; go on with: spikecast run --resume {}\n", signal, end_ms,
                       checkpoint.file);
        std::fflush(stderr);
    }
    return interrupted_exit_code;
}

int check(const Arguments& arguments, const Environment& environment) {
    std::vector<std::string> files;
    const Experiment experiment = read_on_rank_0(arguments, environment.rank(), &files);
    const std::uint32_t ranks = arguments.ranks > 0 ? arguments.ranks : static_cast<std::uint32_t>(environment.ranks());
    Prediction need;
    std::optional<MachineSummary> machine;
    double build_s = 0.0;
    collectively(MPI_COMM_WORLD, [&] {
        if (environment.rank() != 0) return;
        if (std::uint64_t{ranks} * arguments.threads > 0x7fff'ffffU)
            throw InputError(
                {{"--ranks", 0, 0},
                 "",
                 fmt::format("{} ranks of {} threads are more than 2^31 workers", ranks, arguments.threads),
                 "ask for fewer"});
        need = predict_for(experiment, ranks, arguments.threads, true);
        build_s = predict_build_seconds(experiment, need, ranks, arguments.threads);
        if (experiment.machine.target.empty()) return;
        const NetworkMapping mapping = map_machine(experiment, arguments.threads);
        refuse_misfit(experiment, mapping);
        machine = machine_summary(mapping);
    });
    if (environment.rank() != 0) return 0;
    std::uint64_t neurons = 0;
    for (const Population& population : experiment.populations)
        neurons += population.size;
    fmt::print("{}\n", experiment.title);
    fmt::print("  the file is valid\n");
    for (std::size_t i = 0; i < files.size(); ++i)
        fmt::print("  {:<16} {}\n", i == 0 ? "reads" : "", files[i]);
    fmt::print("  neurons          {}\n", neurons);
    fmt::print("  synapses         {:.0f} (expected)\n", need.synapses);
    fmt::print("  ranks x threads  {} x {}\n", ranks, arguments.threads);
    fmt::print("  memory per rank  {} (at its peak, spikes written)\n", format_bytes(need.bytes_per_rank));
    fmt::print("  memory in all    {}  ({:.1f} bytes a synapse)\n", format_bytes(need.bytes_total),
               need.bytes_total / std::max(1.0, need.synapses));
    for (const Prediction::BySource& p : need.by_source)
        fmt::print("  drawn by source  {}: {} ({:.2g} s a worker; {} would take {:.2g} s)\n", p.projection,
                   drawing_name(p.cost.exchanged), p.cost.exchanged ? p.cost.exchange_s : p.cost.redraw_s,
                   drawing_name(!p.cost.exchanged), p.cost.exchanged ? p.cost.redraw_s : p.cost.exchange_s);
    fmt::print("  build time       {:.2f} s on cores like this one's\n", build_s);
    if (machine) {
        fmt::print("  machine          {}: fits, on {} cores of {} chips\n", machine->machine, machine->slices,
                   machine->chips);
        fmt::print("  closest limit    {}: {:.3g} %\n", machine->binding_constraint, 100.0 * machine->binding_share);
        for (const std::string& note : machine->notes)
            fmt::print("  note             {}\n", note);
    }
    fmt::print("  a checkpoint     {} in about {:.2g} s\n", format_bytes(need.checkpoint_bytes), need.checkpoint_s);
    if (need.checkpoint_bytes_per_rank > 0.0)
        fmt::print("  {:<16} {} more a rank meanwhile\n", "", format_bytes(need.checkpoint_bytes_per_rank));
    return 0;
}

int export_command(const Arguments& arguments, const Environment& environment) {
    std::vector<std::string> files;
    const Experiment experiment = read_on_rank_0(arguments, environment.rank(), &files);
    collectively(MPI_COMM_WORLD, [&] {
        if (environment.rank() == 0) check_output(arguments.network, files);
    });
    const auto partition =
        make_partition(experiment.simulation, sizes_of(experiment), static_cast<std::uint32_t>(environment.ranks()));
    export_network(MPI_COMM_WORLD, arguments.network, experiment, *partition);
    if (environment.rank() == 0 && !arguments.quiet) fmt::print("network: {}\n", arguments.network);
    return 0;
}

int models(const Arguments& arguments, const Environment& environment) {
    if (environment.rank() != 0) return 0;
    if (arguments.model.empty()) {
        fmt::print("{}", catalogue_page());
        return 0;
    }
    const ModelInfo* model = find_model(arguments.model);
    if (const SynapseModelInfo* synapse = find_synapse_model(arguments.model)) model = &synapse->model;
    if (model == nullptr) {
        std::vector<std::string> known;
        for (const ModelInfo* each : all_models())
            known.emplace_back(each->name);
        for (const SynapseModelInfo* each : all_synapse_models())
            known.emplace_back(each->model.name);
        fmt::print(stderr, "spikecast: there is no model '{}'; {}\n", arguments.model,
                   suggestion(arguments.model, known));
        return 2;
    }
    fmt::print("{}", reference_page(*model));
    return 0;
}

int program(int argc, char** argv, const Environment& environment) {
    Arguments arguments;
    CLI::App app("Spikecast simulates large networks of spiking neurons on any number of MPI\n"
                 "processes: mpirun -n RANKS spikecast run EXPERIMENT.toml",
                 "spikecast");
    app.set_version_flag("--version", "spikecast " SPIKECAST_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(28);
    const auto common = [&](CLI::App* command, bool required = true) {
        command->add_option("EXPERIMENT", arguments.experiment, "the experiment file (TOML)")->required(required);
        command->add_option("--set", arguments.overrides, "override a key: --set simulation.seed=7")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false)
            ->take_all();
    };
    CLI::App* run_command = app.add_subcommand("run", "builds the network and simulates it");
    common(run_command, false);
    run_command->add_option("--output", arguments.output, "write spikes and traces here (HDF5, SONATA)")
        ->type_name("FILE.h5");
    run_command->add_option("--report", arguments.report, "write the report here")->type_name("FILE.json");
    run_command->add_option("--threads", arguments.threads, "threads of each rank [1]")
        ->check(CLI::Range(1, 4096))
        ->type_name("N");
    run_command
        ->add_option(
            "--checkpoint", arguments.checkpoint,
            "write checkpoints here: at the end, when SIGUSR1, SIGTERM or SIGINT end the run, and as asked for "
            "below")
        ->type_name("FILE.h5");
    run_command
        ->add_option("--checkpoint-every", arguments.checkpoint_every,
                     "of biological time, as in \"10 s\"; without --checkpoint into EXPERIMENT.checkpoint.h5")
        ->type_name("TIME");
    run_command->add_option("--checkpoint-wall", arguments.checkpoint_wall, "of time on the clock, as in \"10 min\"")
        ->type_name("TIME");
    run_command->add_option("--checkpoint-keep", arguments.checkpoint_keep, "keep the last N: FILE, FILE.1, ... [1]")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
    run_command
        ->add_option(
            "--resume", arguments.resume,
            "go on from a checkpoint, on any number of ranks and threads; EXPERIMENT and --output are those of "
            "the run unless given, and without --output so is --checkpoint")
        ->type_name("FILE.h5");
    run_command->add_option("--reseed", arguments.reseed, "a branch: another seed for what follows the checkpoint")
        ->type_name("N");
    run_command->add_flag("--quiet", arguments.quiet, "print nothing but errors");
    run_command->add_flag("--ignore-memory", arguments.ignore_memory, "begin even when memory won't do");
    run_command->add_flag("--by-rank", arguments.by_rank, "the report has each rank's share; phases in processor time");
    run_command
        ->add_option("--dry-run-ranks", arguments.dry_run_ranks,
                     "build and run one rank's share of so many, alone: memory, time and bytes of a run on a cluster")
        ->check(CLI::Range(1, 1000000))
        ->type_name("R");
    CLI::Option* dry_run = run_command->get_option("--dry-run-ranks");
    run_command->add_option("--dry-run-rank", arguments.dry_run_rank, "whose share [0]")
        ->needs(dry_run)
        ->check(CLI::NonNegativeNumber)
        ->type_name("r");
    run_command
        ->add_option("--latency", arguments.dry_run_network.latency_us,
                     "of the network, us a message [1.5]; dry runs only")
        ->needs(dry_run)
        ->check(CLI::Range(0.0, 1e9))
        ->type_name("US");
    run_command
        ->add_option("--bandwidth", arguments.dry_run_network.bandwidth_gb_s,
                     "of the network for one rank, 10^9 bytes a second [1]; dry runs only")
        ->needs(dry_run)
        ->check(CLI::Range(1e-9, 1e9))
        ->type_name("GB/S");
    run_command->footer("Examples:\n"
                        "  mpirun -n 2 spikecast run experiments/microcircuit_pd14.toml --output r.h5\n"
                        "  spikecast run experiments/brunel_2000.toml --set variant=SI_fast --threads 2\n"
                        "  spikecast run experiments/microcircuit_pd14.toml --dry-run-ranks 64\n"
                        "  spikecast run experiments/brunel_2000.toml --checkpoint c.h5 --checkpoint-every \"1 s\"\n"
                        "  mpirun -n 2 spikecast run --resume c.h5 --set 'simulation.duration=\"20 s\"'");
    CLI::App* check_command = app.add_subcommand("check", "validates; predicts memory and build time");
    common(check_command);
    check_command->add_option("--ranks", arguments.ranks, "predict for so many ranks [those of mpirun]")
        ->check(CLI::Range(1, std::numeric_limits<int>::max()))
        ->type_name("N");
    check_command->footer("Example:\n"
                          "  spikecast check experiments/microcircuit_pd14.toml --ranks 8 --threads 2");
    check_command->add_option("--threads", arguments.threads, "and threads of each [1]")
        ->check(CLI::Range(1, 4096))
        ->type_name("N");
    CLI::App* models_command = app.add_subcommand("models", "lists the models; with a name, its page");
    models_command->add_option("NAME", arguments.model, "a model");
    CLI::App* export_app = app.add_subcommand("export", "writes the drawn network as SONATA");
    common(export_app);
    export_app->add_option("--network", arguments.network, "the file to write")->type_name("FILE.h5")->required();
    export_app->add_flag("--quiet", arguments.quiet, "print nothing but errors");

    MapArguments map_arguments;
    const CLI::App* map_app = add_map_command(app, map_arguments);
    MinimiseArguments minimise_arguments;
    const CLI::App* minimise_app = add_minimise_command(app, minimise_arguments);

    std::vector<std::string> commands;
    for (const CLI::App* command : std::as_const(app).get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(command->get_name());
    if (argc > 1 && argv[1][0] != '-' && std::find(commands.begin(), commands.end(), argv[1]) == commands.end()) {
        if (environment.rank() == 0)
            fmt::print(stderr, "spikecast: there is no subcommand '{}'; {}\n", argv[1], suggestion(argv[1], commands));
        return 2;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        if (environment.rank() != 0) return e.get_exit_code() == 0 ? 0 : 2;
        return app.exit(e) == 0 ? 0 : 2;
    }
    if (*run_command) return run(arguments, environment);
    if (*check_command) return check(arguments, environment);
    if (*export_app) return export_command(arguments, environment);
    if (*map_app) return map_command(map_arguments, environment);
    if (*minimise_app) return minimise_command(minimise_arguments, environment);
    return models(arguments, environment);
}

} // namespace
} // namespace spikecast

int main(int argc, char** argv) {
    spikecast::Environment environment(argc, argv);
    try {
        return spikecast::program(argc, argv, environment);
    } catch (const spikecast::CollectiveError& e) { // the same on all ranks
        spikecast::print_collective(e, environment.rank());
        if (dynamic_cast<const spikecast::hdf5::FileError*>(&e) != nullptr) std::_Exit(e.exit_code());
        return e.exit_code();
    } catch (...) { // not agreed on: nobody else may know
        const auto [code, text] = spikecast::describe_current_exception();
        fmt::print(stderr, "spikecast: rank {}: {}\n", environment.rank(), text);
        std::fflush(stderr);
        MPI_Abort(MPI_COMM_WORLD, code);
        return code;
    }
}
