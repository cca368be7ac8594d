// All models, one line each. A new model is a header and a line here (docs/adding_a_model.md).
#include "models/generators/dc_generator.hpp"
#include "models/generators/poisson_generator.hpp"
#include "models/generators/spike_generator.hpp"
#include "models/generators/step_current_generator.hpp"
#include "models/neurons/iaf_psc_alpha.hpp"
#include "models/neurons/iaf_psc_delta.hpp"
#include "models/neurons/iaf_psc_exp.hpp"
#include "models/neurons/parrot_neuron.hpp"

namespace spikecast {
namespace {

template <class... Models>
struct Catalogue {
    static constexpr const ModelInfo* infos[] = {&Models::info...};
};

using All = Catalogue<models::IafPscDelta,          //
                      models::IafPscExp,            //
                      models::IafPscAlpha,          //
                      models::ParrotNeuron,         //
                      models::PoissonGenerator,     //
                      models::SpikeGenerator,       //
                      models::DcGenerator,          //
                      models::StepCurrentGenerator>;

} // namespace

std::span<const ModelInfo* const> all_models() { return All::infos; }

const ModelInfo* find_model(std::string_view name) {
    for (const ModelInfo* info : All::infos)
        if (info->name == name) return info;
    return nullptr;
}

} // namespace spikecast
