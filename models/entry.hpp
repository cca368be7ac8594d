// What the catalogue knows of a model: its declaration, and how its blocks are made. CMake writes one source file for
// each line of models/catalogue.txt (cmake/catalogue.cmake), which instantiates entry_of for that model alone.
#pragma once

#include "spikecast/block.hpp"
#include "spikecast/model.hpp"
#include "spikecast/plasticity.hpp"

#include <memory>
#include <span>

namespace spikecast::models {

/// nullptr where the model can't be a population (or a stimulus).
template <class T>
struct Makers {
    std::unique_ptr<PopulationBlock<T>> (*population)(const BlockSetup&) = nullptr;
    std::unique_ptr<StimulusBlock<T>> (*stimulus)(const StimulusSetup&) = nullptr;
};

struct CatalogueEntry {
    const ModelInfo* info;
    Makers<double> in_double;
    Makers<float> in_single;
};

template <class Model, class T>
constexpr Makers<T> makers_of() {
    Makers<T> makers;
    if constexpr (requires { typename Model::template Population<T>; })
        makers.population = [](const BlockSetup& setup) -> std::unique_ptr<PopulationBlock<T>> {
            return std::make_unique<typename Model::template Population<T>>(setup);
        };
    if constexpr (requires { typename Model::template Stimulus<T>; })
        makers.stimulus = [](const StimulusSetup& setup) -> std::unique_ptr<StimulusBlock<T>> {
            return std::make_unique<typename Model::template Stimulus<T>>(setup);
        };
    return makers;
}

template <class Model>
constexpr CatalogueEntry entry_of() {
    return {&Model::info, makers_of<Model, double>(), makers_of<Model, float>()};
}

struct SynapseCatalogueEntry {
    const SynapseModelInfo* info;
    std::unique_ptr<SynapseKernel> (*kernel)(const SynapseSetup&);
};
template <class Rule>
constexpr SynapseCatalogueEntry synapse_entry_of() {
    return {&Rule::info, [](const SynapseSetup& setup) -> std::unique_ptr<SynapseKernel> {
                return std::make_unique<typename Rule::Kernel>(setup);
            }};
}

/// In the order of models/catalogue.txt.
[[nodiscard]] std::span<const CatalogueEntry* const> catalogue_entries();
[[nodiscard]] std::span<const SynapseCatalogueEntry* const> synapse_catalogue_entries();

} // namespace spikecast::models
