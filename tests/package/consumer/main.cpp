// A user's program: describes a population in code, has it validated against the catalogue, and lists the models.
#include <spikecast/experiment.hpp>
#include <spikecast/model.hpp>

#include <iostream>

int main() {
    spikecast::Experiment experiment;
    experiment.title = "Consumer of the installed package";
    experiment.simulation.duration_steps = 10;
    spikecast::Population population;
    population.name = "E";
    population.model = "iaf_psc_exp";
    population.size = 10;
    experiment.populations.push_back(population);
    try {
        spikecast::validate(experiment);
    } catch (const spikecast::InputError& error) {
        std::cerr << "a valid experiment was refused: " << error.what() << '\n';
        return 1;
    }
    experiment.populations.front().model = "iaf_psc_ex";
    try {
        spikecast::validate(experiment);
        std::cerr << "an unknown model was accepted\n";
        return 1;
    } catch (const spikecast::InputError&) {
    }
    for (const spikecast::ModelInfo* model : spikecast::all_models()) std::cout << model->name << '\n';
    return 0;
}
