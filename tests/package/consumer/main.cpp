// A user's program: describes a network in code, runs it, and is refused what the catalogue doesn't have.
#include <spikecast/model.hpp>
#include <spikecast/simulation.hpp>

#include <iostream>

int main(int argc, char** argv) {
    spikecast::Environment environment(argc, argv);

    spikecast::Population population;
    population.name = "E";
    population.model = "iaf_psc_exp";
    population.size = 10;
    population.params["I_e"] = spikecast::Distribution::constant(500.0); // pA, V_inf = -50 mV > V_th

    spikecast::Experiment experiment;
    experiment.title = "Consumer of the installed package";
    experiment.simulation.duration_steps = 1000;
    experiment.populations.push_back(population);
    {
        spikecast::Simulation simulation(experiment, {});
        simulation.run_steps(1000);
        if (simulation.summary().spikes == 0) {
            std::cerr << "neurons driven above threshold did not spike\n";
            return 1;
        }
    }
    experiment.populations.front().model = "iaf_psc_ex";
    try {
        spikecast::validate(experiment);
        std::cerr << "an unknown model was accepted\n";
        return 1;
    } catch (const spikecast::InputError&) {
    }
    for (const spikecast::ModelInfo* model : spikecast::all_models())
        std::cout << model->name << '\n';
    return 0;
}
