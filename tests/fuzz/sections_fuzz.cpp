// The structured sections of a checkpoint, behind its checksums: archives of sections and of an experiment, in which
// the bytes change some places, cut or lengthen them; or bytes as they are, which seeds take from checkpoints of runs.
#include "engine/checkpoint/sections.hpp"
#include "engine/experiment/archive.hpp"
#include "engine/experiment/reader.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <fstream>
#include <sstream>

namespace {

using namespace spikecast;

std::string damaged(std::string bytes, fuzz::Choices& choices) {
    for (int edits = choices.between(0, 6); edits > 0; --edits) {
        const auto at = choices.between<std::size_t>(0, bytes.size());
        switch (choices.between(0, 4)) {
        case 0:
            bytes.resize(at);
            break;
        case 1:
            bytes.insert(at, choices.text(30));
            break;
        case 2: // a length, perhaps
            if (at + 8 <= bytes.size()) {
                const auto value = choices.number<std::uint64_t>() >> choices.between(0, 63);
                for (std::size_t i = 0; i < 8; ++i)
                    bytes[at + i] = static_cast<char>(value >> (8 * i));
            }
            break;
        case 3:
            bytes.erase(at, choices.between<std::size_t>(1, 16));
            break;
        default:
            if (at < bytes.size()) bytes[at] = choices.number<char>();
        }
    }
    return bytes;
}

/// Of a small experiment that has a bit of everything.
const std::string& archive() {
    static const std::string one = [] {
        const std::string folder = SPIKECAST_SOURCE_DIR "/tests/fuzz/corpus/experiment";
        std::ifstream file(folder + "/small");
        std::ostringstream text;
        text << file.rdbuf();
        return to_archive(read_experiment_text(text.str(), folder, "small", {}));
    }();
    return one;
}

template <class Section>
void read(const Section& example, fuzz::Choices& choices) {
    static const std::string whole = to_bytes(example);
    const std::string bytes = damaged(whole, choices);
    fuzz::answers([&] { (void)from_bytes<Section>(bytes, "c.h5"); });
}

void as_it_is(std::uint8_t section, const std::string& bytes) {
    switch (section % 4) {
    case 0:
        (void)from_bytes<RunSection>(bytes, "c.h5");
        break;
    case 1:
        (void)from_bytes<TotalsSection>(bytes, "c.h5");
        break;
    case 2:
        (void)from_bytes<RecordingSection>(bytes, "c.h5");
        break;
    default:
        (void)from_bytes<ExperimentSection>(bytes, "c.h5");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Choices choices(data, size);
    switch (choices.between(0, 5)) {
    case 5:
        if (size > 2) fuzz::answers([&] { as_it_is(data[1], {data + 2, data + size}); });
        break;
    case 0:
        read(RunSection{.step = 7,
                        .populations = {"E", "I"},
                        .models = {"iaf_psc_exp", "iaf_psc_exp"},
                        .sizes = {80, 20},
                        .stimuli = {"drive"},
                        .stimulus_models = {"poisson_generator"}},
             choices);
        break;
    case 1:
        read(
            TotalsSection{
                .spikes = 3, .bin_counts = {1, 2}, .counts = {3, 4}, .squares = {5, 6}, .squares_high = {7, 8}},
            choices);
        break;
    case 2:
        read(RecordingSection{.output = "/tmp/r.h5",
                              .populations = {"E"},
                              .spikes = {9},
                              .traces = {"E.V_m"},
                              .frames = {3},
                              .first_steps = {1},
                              .weight_looks = {2},
                              .weight_changes = {3},
                              .weight_first_steps = {4}},
             choices);
        break;
    case 3:
        read(ExperimentSection{.program = "0.1.0",
                               .text = "[simulation]\n",
                               .directory = "/",
                               .overrides = {"a=1"},
                               .archive = "x",
                               .inputs = {"/tmp/l.csv"},
                               .input_checksums = {5}},
             choices);
        break;
    default:
        fuzz::answers([&] {
            Experiment experiment = from_archive(damaged(archive(), choices));
            validate(experiment);
        });
    }
    return 0;
}
