// Looks models up by name. Which there are is written in models/catalogue.txt.
#include "models/entry.hpp"
#include "models/refuse.hpp"
#include "spikecast/block.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace spikecast {
namespace {

using models::catalogue_entries;
using models::CatalogueEntry;

const CatalogueEntry* find_entry(std::string_view name) {
    for (const CatalogueEntry* entry : catalogue_entries())
        if (entry->info->name == name) return entry;
    return nullptr;
}
template <class T>
models::Makers<T> makers(const ModelInfo& model) {
    const CatalogueEntry* const entry = find_entry(model.name);
    if (entry == nullptr) return {};
    if constexpr (std::is_same_v<T, double>)
        return entry->in_double;
    else
        return entry->in_single;
}

} // namespace

std::span<const ModelInfo* const> all_models() {
    static const std::vector<const ModelInfo*> infos = [] {
        std::vector<const ModelInfo*> list;
        for (const CatalogueEntry* entry : catalogue_entries())
            list.push_back(entry->info);
        return list;
    }();
    return infos;
}

const ModelInfo* find_model(std::string_view name) {
    const CatalogueEntry* const entry = find_entry(name);
    return entry == nullptr ? nullptr : entry->info;
}

std::span<const SynapseModelInfo* const> all_synapse_models() {
    static const std::vector<const SynapseModelInfo*> infos = [] {
        std::vector<const SynapseModelInfo*> list;
        for (const models::SynapseCatalogueEntry* entry : models::synapse_catalogue_entries())
            list.push_back(entry->info);
        return list;
    }();
    return infos;
}

const SynapseModelInfo* find_synapse_model(std::string_view name) {
    for (const SynapseModelInfo* info : all_synapse_models())
        if (info->model.name == name) return info;
    return nullptr;
}

std::unique_ptr<SynapseKernel> make_synapse_kernel(const SynapseSetup& setup) {
    for (const models::SynapseCatalogueEntry* entry : models::synapse_catalogue_entries())
        if (entry->info == setup.model) return entry->kernel(setup);
    return nullptr;
}

template <class T>
std::unique_ptr<PopulationBlock<T>> make_population_block(const BlockSetup& setup) {
    const auto make = makers<T>(*setup.model).population;
    if (make == nullptr)
        models::refuse(setup.object, std::string(setup.model->name) + " can't be a population", "use it as a stimulus");
    return make(setup);
}
template <class T>
std::unique_ptr<StimulusBlock<T>> make_stimulus_block(const StimulusSetup& setup) {
    const auto make = makers<T>(*setup.generator.model).stimulus;
    if (make == nullptr)
        models::refuse(setup.generator.object, std::string(setup.generator.model->name) + " can't be a stimulus",
                       "use a generator");
    return make(setup);
}
template std::unique_ptr<PopulationBlock<double>> make_population_block<double>(const BlockSetup&);
template std::unique_ptr<PopulationBlock<float>> make_population_block<float>(const BlockSetup&);
template std::unique_ptr<StimulusBlock<double>> make_stimulus_block<double>(const StimulusSetup&);
template std::unique_ptr<StimulusBlock<float>> make_stimulus_block<float>(const StimulusSetup&);

} // namespace spikecast
