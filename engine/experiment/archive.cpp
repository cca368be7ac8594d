#include "engine/experiment/archive.hpp"

#include "engine/experiment/bounded_archive.hpp"

#include <exception>
#include <sstream>

#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/array.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

void boost::assertion_failed(const char*, const char*, const char*, long) {
    throw archive::archive_exception(archive::archive_exception::input_stream_error);
}
void boost::assertion_failed_msg(const char*, const char*, const char*, const char*, long) {
    throw archive::archive_exception(archive::archive_exception::input_stream_error);
}

// Boost finds these by argument-dependent look-up in the namespace of the types.
namespace spikecast {

template <class Archive>
void serialize(Archive& a, Where& x, unsigned) {
    a& x.file& x.line& x.column;
}
template <class Archive>
void serialize(Archive& a, Distribution& x, unsigned) {
    a& x.kind& x.a& x.b& x.low& x.high& x.outside;
}
template <class Archive>
void serialize(Archive& a, ArrayFile& x, unsigned) {
    a& x.file& x.dataset;
}
template <class Archive>
void serialize(Archive& a, Positions& x, unsigned) {
    a& x.kind& x.dimensions;
    for (std::size_t i = 0; i < 3; ++i)
        a& x.extent[i] & x.centre[i] & x.shape[i];
    a& x.periodic;
}
template <class Archive>
void serialize(Archive& a, Membrane& x, unsigned) {
    a& x.R_a& x.c_m& x.g_leak& x.e_leak& x.g_Na& x.g_K;
}
template <class Archive>
void serialize(Archive& a, CableLocation& x, unsigned) {
    a& x.section& x.at;
}
template <class Archive>
void serialize(Archive& a, CableSection::Point& x, unsigned) {
    a& x.distance& x.diameter;
}
template <class Archive>
void serialize(Archive& a, CableSection& x, unsigned) {
    a& x.name& x.parent& x.parent_at& x.points& x.compartments& x.membrane;
}
template <class Archive>
void serialize(Archive& a, SynapseSite& x, unsigned) {
    a& x.name& x.at& x.tau_syn& x.conductance& x.E_rev;
}
template <class Archive>
void serialize(Archive& a, Morphology& x, unsigned) {
    a& x.sections& x.d_lambda& x.frequency& x.sites& x.spikes_at& x.current_at;
}
template <class Archive>
void serialize(Archive& a, Population& x, unsigned) {
    a& x.name& x.model& x.size& x.params& x.init& x.positions& x.scaling_rate& x.expected_rate;
    bool has_tree = x.cable != nullptr; // the tree travels, its declaration is made again
    a& has_tree;
    if (!has_tree) return;
    Morphology tree;
    if (x.cable != nullptr) tree = x.cable->morphology();
    a& tree;
    if constexpr (Archive::is_loading::value) x.cable = CableDeclaration::make(std::move(tree));
}
template <class Archive>
void serialize(Archive& a, Selection& x, unsigned) {
    a& x.population& x.begin& x.end& x.step& x.list;
}
template <class Archive>
void serialize(Archive& a, DistanceKernel& x, unsigned) {
    a& x.kind& x.p0& x.scale& x.mask& x.radius& x.half_width[0] & x.half_width[1] & x.half_width[2];
}
template <class Archive>
void serialize(Archive& a, Rule& x, unsigned) {
    a& x.kind& x.number& x.probability& x.kernel& x.file& x.dataset& x.allow_autapses& x.allow_multapses;
}
template <class Archive>
void serialize(Archive& a, Delay& x, unsigned) {
    a& x.law& x.per_distance& x.fixed_ms& x.fixed_is_axonal;
}
template <class Archive>
void serialize(Archive& a, Projection& x, unsigned) {
    a& x.name& x.source& x.target& x.rule& x.weight& x.delay& x.receptor& x.synapse& x.synapse_params& x
        .normalise_sum& x.normalise_ms& x.weights_file& x.weights_projection& x.path;
}
template <class Archive>
void serialize(Archive& a, Stimulus& x, unsigned) {
    a& x.name& x.model& x.target& x.params& x.weight& x.delay_ms& x.receptor& x.path;
}
template <class Archive>
void serialize(Archive& a, SpikeRecorder& x, unsigned) {
    a& x.source& x.sample& x.start_ms& x.stop_ms& x.path;
}
template <class Archive>
void serialize(Archive& a, StateRecorder& x, unsigned) {
    a& x.source& x.variables& x.interval_ms& x.sample& x.start_ms& x.stop_ms& x.path;
}
template <class Archive>
void serialize(Archive& a, WeightRecorder& x, unsigned) {
    a& x.projection& x.interval_ms& x.changes& x.sample& x.start_ms& x.stop_ms& x.path;
}
template <class Archive>
void serialize(Archive& a, SimulationSettings& x, unsigned) {
    a& x.resolution_ps& x.duration_steps& x.warmup_steps& x.seed& x.precision& x.weights& x.partitioner;
    a& x.partition_seed& x.exchange& x.drawing& x.vector_width;
}
template <class Archive>
void serialize(Archive& a, MachineSettings& x, unsigned) {
    a& x.target& x.profile& x.faults& x.cores_per_chip& x.atoms_per_core& x.slowdown& x.rate& x.place& x.objective;
    a& x.route& x.keys& x.minimise& x.effort& x.congestion_rounds& x.seed& x.router& x.traffic;
    a& x.sdram_per_chip& x.dtcm_per_core& x.router_entries;
}
template <class Archive>
void serialize(Archive& a, Reference& x, unsigned) {
    a& x.source& x.rates_hz;
}
template <class Archive>
void serialize(Archive& a, Experiment& x, unsigned) {
    a& x.title& x.simulation& x.populations& x.projections& x.stimuli& x.spike_recorders& x.state_recorders;
    a& x.weight_recorders& x.machine;
    a& x.reference& x.text& x.directory& x.overrides& x.provenance;
}

} // namespace spikecast

namespace boost::serialization { // std::variant lives in std, where nothing may be added

template <class Archive>
void save(Archive& a, const spikecast::ParameterValue& x, unsigned) {
    const auto index = static_cast<unsigned>(x.index());
    a& index;
    std::visit([&a](const auto& value) { a& value; }, x);
}
template <class Archive>
void load(Archive& a, spikecast::ParameterValue& x, unsigned) {
    unsigned index = 0;
    a& index;
    const auto as = [&](auto value) {
        a& value;
        x = std::move(value);
    };
    if (index == 0)
        as(spikecast::Distribution{});
    else if (index == 1)
        as(spikecast::ArrayFile{});
    else if (index == 2)
        as(std::vector<double>{});
    else
        throw boost::archive::archive_exception(boost::archive::archive_exception::input_stream_error);
}
template <class Archive>
void serialize(Archive& a, spikecast::ParameterValue& x, unsigned version) {
    split_free(a, x, version);
}

} // namespace boost::serialization

namespace spikecast {

namespace {

template <class... Parts>
std::string archived(const Parts&... parts) {
    std::ostringstream stream(std::ios::binary);
    {
        boost::archive::binary_oarchive archive(stream);
        (archive << ... << parts);
    }
    return std::move(stream).str();
}

} // namespace

std::string to_archive(const Experiment& experiment) {
    return archived(experiment);
}
std::string to_archive(const Population& population) {
    return archived(population);
}
std::string to_archive(const Projection& projection) {
    return archived(projection);
}
std::string to_archive(const Stimulus& stimulus) {
    return archived(stimulus);
}
std::string to_archive(const std::vector<SpikeRecorder>& spikes, const std::vector<StateRecorder>& state,
                       const std::vector<WeightRecorder>& weights) {
    return archived(spikes, state, weights);
}

Experiment from_archive(const std::string& bytes) {
    try {
        std::istringstream stream(bytes, std::ios::binary);
        BoundedArchive archive(stream);
        Experiment experiment;
        archive >> experiment;
        return experiment;
    } catch (const std::exception& e) {
        throw RunError(std::string("the experiment that was broadcast can't be read: ") + e.what());
    }
}

} // namespace spikecast
