// A balanced random network described in code, run in pieces, its spikes and state read back.
//
//   mpirun -n 2 build/release/balanced_network
#include "spikecast/simulation.hpp"

#include <cstdio>
#include <exception>

using namespace spikecast;

int main(int argc, char** argv) {
    Environment environment(argc, argv);
    try {
        Experiment experiment;
        experiment.title = "A balanced random network, from C++";
        experiment.simulation.duration_steps = 5000; // 500 ms in steps of 0.1 ms
        experiment.simulation.seed = 7;

        const ParameterValues neuron = {
            {"tau_m", Distribution::constant(20.0)},   {"C_m", Distribution::constant(1.0)},
            {"V_th", Distribution::constant(20.0)},    {"E_L", Distribution::constant(0.0)},
            {"V_reset", Distribution::constant(10.0)}, {"t_ref", Distribution::constant(2.0)}};
        const ParameterValues start = {{"V_m", Distribution::uniform(0.0, 20.0)}};
        experiment.populations.push_back(
            {.name = "E", .model = "iaf_psc_delta", .size = 800, .params = neuron, .init = start, .positions = {}});
        experiment.populations.push_back(
            {.name = "I", .model = "iaf_psc_delta", .size = 200, .params = neuron, .init = start, .positions = {}});

        for (const char* target : {"E", "I"}) {
            Projection excitatory;
            excitatory.name = std::string("E->") + target;
            excitatory.source.population = "E";
            excitatory.target.population = target;
            excitatory.rule.kind = Rule::Kind::fixed_indegree;
            excitatory.rule.number = 80;
            excitatory.weight = Distribution::constant(1.0); // mV
            excitatory.delay.law = Distribution::constant(1.5);
            Projection inhibitory = excitatory;
            inhibitory.name = std::string("I->") + target;
            inhibitory.source.population = "I";
            inhibitory.rule.number = 20;
            inhibitory.weight = Distribution::constant(-5.0);
            experiment.projections.push_back(excitatory);
            experiment.projections.push_back(inhibitory);

            Stimulus drive;
            drive.name = std::string("drive->") + target;
            drive.model = "poisson_generator";
            drive.target.population = target;
            drive.params = {{"rate", Distribution::constant(2000.0)}}; // Hz
            drive.weight = Distribution::constant(1.0);
            drive.delay_ms = 1.5;
            experiment.stimuli.push_back(drive);

            SpikeRecorder recorder;
            recorder.source.population = target;
            experiment.spike_recorders.push_back(recorder);
        }

        SimulationOptions options;
        options.keep_spikes = true;
        Simulation simulation(experiment, options);
        simulation.run(200.0); // ms
        const auto voltages = simulation.state("E", "V_m");
        simulation.run(300.0);
        const auto spikes = simulation.spikes("E");
        const RunSummary summary = simulation.summary();
        if (environment.rank() == 0) {
            std::printf("%llu synapses; V_m of neuron 0 after 200 ms: %.3f mV\n",
                        static_cast<unsigned long long>(summary.synapses), voltages[0]);
            std::printf("%zu spikes of E, the first at %.1f ms; rate %.2f Hz, CV %.2f\n", spikes.size(),
                        spikes.empty() ? 0.0 : experiment.simulation.time_ms(spikes.front().first),
                        summary.populations[0].rate_hz, summary.populations[0].cv);
            std::printf("spike_hash %s\n", summary.spike_hash.c_str());
        }
    } catch (const std::exception& e) {
        if (environment.rank() == 0) std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    return 0;
}
