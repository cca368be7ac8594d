// All models, one line each. A new model is a header and a line here (docs/adding_a_model.md).
#include "models/generators/dc_generator.hpp"
#include "models/generators/poisson_generator.hpp"
#include "models/generators/spike_generator.hpp"
#include "models/generators/step_current_generator.hpp"
#include "models/neurons/iaf_psc_alpha.hpp"
#include "models/neurons/iaf_psc_delta.hpp"
#include "models/neurons/iaf_psc_exp.hpp"
#include "models/neurons/parrot_neuron.hpp"
#include "models/refuse.hpp"
#include "spikecast/block.hpp"

namespace spikecast {
namespace {

template <class... Models>
struct Catalogue {
    static constexpr const ModelInfo* infos[] = {&Models::info...};

    /// The block of the model of that name; nullptr where it can't be a population (or a stimulus).
    template <class T>
    static std::unique_ptr<PopulationBlock<T>> population(const BlockSetup& setup) {
        std::unique_ptr<PopulationBlock<T>> block;
        const auto try_model = [&]<class Model>(const Model*) {
            if constexpr (requires { typename Model::template Population<T>; })
                if (setup.model->name == Model::info.name)
                    block = std::make_unique<typename Model::template Population<T>>(setup);
        };
        (try_model(static_cast<const Models*>(nullptr)), ...);
        return block;
    }
    template <class T>
    static std::unique_ptr<StimulusBlock<T>> stimulus(const StimulusSetup& setup) {
        std::unique_ptr<StimulusBlock<T>> block;
        const auto try_model = [&]<class Model>(const Model*) {
            if constexpr (requires { typename Model::template Stimulus<T>; })
                if (setup.generator.model->name == Model::info.name)
                    block = std::make_unique<typename Model::template Stimulus<T>>(setup);
        };
        (try_model(static_cast<const Models*>(nullptr)), ...);
        return block;
    }
};

using All = Catalogue<models::IafPscDelta,      //
                      models::IafPscExp,        //
                      models::IafPscAlpha,      //
                      models::ParrotNeuron,     //
                      models::PoissonGenerator, //
                      models::SpikeGenerator,   //
                      models::DcGenerator,      //
                      models::StepCurrentGenerator>;

} // namespace

std::span<const ModelInfo* const> all_models() {
    return All::infos;
}

const ModelInfo* find_model(std::string_view name) {
    for (const ModelInfo* info : All::infos)
        if (info->name == name) return info;
    return nullptr;
}

template <class T>
std::unique_ptr<PopulationBlock<T>> make_population_block(const BlockSetup& setup) {
    auto block = All::population<T>(setup);
    if (!block)
        models::refuse(setup.object, std::string(setup.model->name) + " can't be a population", "use it as a stimulus");
    return block;
}
template <class T>
std::unique_ptr<StimulusBlock<T>> make_stimulus_block(const StimulusSetup& setup) {
    auto block = All::stimulus<T>(setup);
    if (!block)
        models::refuse(setup.generator.object, std::string(setup.generator.model->name) + " can't be a stimulus",
                       "use a generator");
    return block;
}
template std::unique_ptr<PopulationBlock<double>> make_population_block<double>(const BlockSetup&);
template std::unique_ptr<PopulationBlock<float>> make_population_block<float>(const BlockSetup&);
template std::unique_ptr<StimulusBlock<double>> make_stimulus_block<double>(const StimulusSetup&);
template std::unique_ptr<StimulusBlock<float>> make_stimulus_block<float>(const StimulusSetup&);

} // namespace spikecast
