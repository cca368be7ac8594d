#include "partitioners/spinnaker/machine.hpp"

#include "partitioners/spinnaker/text_file.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>
#include <utility>

namespace spikecast::mapping {

namespace {

constexpr int max_side = 4096;
constexpr int max_chips = 1 << 20;

struct Profile {
    const char* name;
    ChipResources chip;
    std::uint8_t links; ///< that a chip has
    std::uint64_t dtcm_bytes;
    double clock_mhz;
    std::uint32_t fan_in, neurons_per_core;
    int most_cores;
    const char* not_modelled;
};

constexpr std::uint8_t hexagonal = 0b111111;
constexpr std::uint8_t square = 0b101101; // E, N, W, S

// SpiNNaker: Furber et al. 2014; 18 cores of which the monitor takes one, 1024 router entries of which the system
// reserves one. SpiNNaker 2: Mayr et al. 2019. TrueNorth: Akopyan et al. 2015. Loihi: Davies et al. 2018.
constexpr Profile profiles[] = {
    {"spinnaker", {17, 1023, 128ULL << 20}, hexagonal, 64 << 10, 200.0, 0, 0, 17, ""},
    {"spinnaker2",
     {152, 16384, 2ULL << 30},
     hexagonal,
     128 << 10,
     300.0,
     0,
     0,
     152,
     "the on-chip network among the quads of processing elements; the accelerators for exp and multiply-accumulate; "
     "payloads above 32 bits; what a neuron and a synapse cost in cycles, and times of links and routers, all of which "
     "are SpiNNaker's"},
    {"truenorth",
     {1, 256, 0},
     square,
     0,
     0.0,
     256,
     256,
     1,
     "what is between the cores of a real chip (a chip here is one core with its router); that the neurons of a core "
     "share its 256 axons; that a neuron reaches the axons of one core only (a tree of several cores needs copies of "
     "the neuron); the four axon types; the longest delay; times of links and routers, which are SpiNNaker's"},
    {"loihi",
     {128, 128 * 4096, 0},
     square,
     128 << 10,
     0.0,
     4096,
     1024,
     128,
     "the mesh of cores inside a chip; the barrier messages between time steps; the learning engine; the longest "
     "delay; weights of fewer bits (a synapse takes a word of 32); tables of single cores (4096 axons each, which "
     "together "
     "stand for a chip's router entries); times of links and routers, which are SpiNNaker's"},
};

std::string profile_names() {
    std::string names;
    for (const Profile& p : profiles)
        names += (names.empty() ? "" : ", ") + std::string(p.name);
    return names;
}

[[noreturn]] void bad_spec(const std::string& object, const std::string& message, const std::string& remedy) {
    throw InputError(Diagnostic{{"--machine", 0, 0}, object, message, remedy});
}

std::pair<int, int> parse_size(const std::string& shape, std::string_view text) {
    const std::size_t times = text.find('x');
    int w = 0, h = 0;
    const auto whole = [](std::string_view t, int& value) {
        const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), value);
        return error == std::errc{} && end == t.data() + t.size();
    };
    if (times == std::string_view::npos || !whole(text.substr(0, times), w) || !whole(text.substr(times + 1), h))
        bad_spec(shape, fmt::format("the size \"{}\" isn't two whole numbers WxH", text),
                 "write for instance mesh:13x13 or spin5:3x3");
    if (w < 1 || h < 1)
        bad_spec(shape, fmt::format("the size is {} x {}, but both sides must be at least 1", w, h),
                 "give larger sides");
    return {w, h};
}

void set_size(Machine& m, const std::string& shape, int w, int h) {
    if (w > max_side || h > max_side || w * h > max_chips)
        bad_spec(shape,
                 fmt::format("{} x {} chips, but at most {} a side and {} in all can be described", w, h, max_side,
                             max_chips),
                 "ask for a smaller machine (the largest SpiNNaker has 57,600 chips)");
    m.width = w;
    m.height = h;
    const auto n = static_cast<std::size_t>(w) * static_cast<std::size_t>(h);
    m.alive.assign(n, 0);
    m.links.assign(n, 0);
    m.resources.assign(n, {});
    m.board.assign(n, 0);
}

/// Rows of a SpiNN-5 board's chips: column x0 + i has rows first[i] to last[i].
constexpr int board_first[8] = {0, 0, 0, 0, 0, 1, 2, 3};
constexpr int board_last[8] = {3, 4, 5, 6, 7, 7, 7, 7};

void add_board(Machine& m, int root_x, int root_y, std::uint16_t number) {
    for (int i = 0; i < 8; ++i)
        for (int j = board_first[i]; j <= board_last[i]; ++j) {
            const ChipId c = m.chip((root_x + i) % m.width, (root_y + j) % m.height);
            m.alive[c] = 1;
            m.board[c] = number;
        }
}

void add_triads(Machine& m, int w, int h) {
    constexpr int roots[3][2] = {{0, 0}, {4, 8}, {8, 4}};
    std::uint16_t number = 0;
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x)
            for (const auto& root : roots)
                add_board(m, 12 * x + root[0], 12 * y + root[1], number++);
}

std::pair<int, int> triads(const std::string& shape, std::string_view size) {
    const auto [w, h] = parse_size(shape, size);
    if (w > max_side / 12 || h > max_side / 12 || w * h > max_chips / 144)
        bad_spec(shape, fmt::format("{} x {} triads of boards are more chips than can be described", w, h),
                 "ask for a smaller machine (the largest SpiNNaker is 20x20 triads)");
    return {w, h};
}

} // namespace

Machine make_machine(const MachineSpec& spec) {
    const Profile* profile = nullptr;
    for (const Profile& p : profiles)
        if (spec.profile == p.name) profile = &p;
    if (profile == nullptr)
        bad_spec("profile", fmt::format("\"{}\" isn't a known machine", spec.profile), "use one of " + profile_names());
    if (spec.cores_per_chip && (*spec.cores_per_chip < 1 || *spec.cores_per_chip > profile->most_cores))
        bad_spec("cores-per-chip",
                 fmt::format("{} application cores a chip, but {} has 1 to {}", *spec.cores_per_chip, profile->name,
                             profile->most_cores),
                 "give a number in that range");
    const auto at_most = [](const char* object, std::uint64_t value, std::uint64_t most) {
        if (value > most)
            bad_spec(object, fmt::format("is {}, but must be at most {}", value, most), "give a number in that range");
    };
    at_most("sdram-per-chip", spec.sdram_per_chip, most_chip_bytes);
    at_most("dtcm-per-core", spec.dtcm_per_core, most_chip_bytes);
    at_most("router-entries", spec.router_entries, most_router_entries);

    Machine m;
    m.name = spec.shape;
    m.profile = profile->name;
    m.dtcm_bytes = spec.dtcm_per_core > 0 ? spec.dtcm_per_core : profile->dtcm_bytes;
    m.clock_mhz = profile->clock_mhz;
    m.fan_in = profile->fan_in;
    m.neurons_per_core = profile->neurons_per_core;
    m.not_modelled = profile->not_modelled;

    const std::string& shape = spec.shape;
    const std::string_view view = shape;
    const std::size_t colon = view.find(':');
    const std::string_view kind = view.substr(0, colon);
    const bool sized = colon != std::string_view::npos;
    const std::string_view size = sized ? view.substr(colon + 1) : std::string_view{};
    const bool boards = kind == "spin3" || kind == "spin5" || kind == "spin5-torus" || kind == "full";
    if (boards && profile->links != hexagonal)
        bad_spec(shape, fmt::format("boards of SpiNNaker, but the profile is {}", profile->name),
                 "use mesh:WxH or torus:WxH with this profile");
    if ((kind == "mesh" || kind == "torus") && sized) {
        const auto [w, h] = parse_size(shape, size);
        set_size(m, shape, w, h);
        m.wraps = kind == "torus";
        std::fill(m.alive.begin(), m.alive.end(), std::uint8_t{1});
    } else if (kind == "spin3" && !sized) {
        set_size(m, shape, 2, 2);
        m.wraps = true;
        std::fill(m.alive.begin(), m.alive.end(), std::uint8_t{1});
    } else if (kind == "spin5" && !sized) {
        set_size(m, shape, 8, 8);
        add_board(m, 0, 0, 0);
    } else if (kind == "spin5") {
        const auto [w, h] = triads(shape, size);
        set_size(m, shape, 12 * w + 4, 12 * h + 4);
        add_triads(m, w, h);
    } else if ((kind == "spin5-torus" && sized) || (kind == "full" && !sized)) {
        const auto [w, h] = sized ? triads(shape, size) : std::pair<int, int>{20, 20};
        set_size(m, shape, 12 * w, 12 * h);
        m.wraps = true;
        add_triads(m, w, h);
    } else {
        bad_spec(shape, "isn't a machine",
                 "use mesh:WxH, torus:WxH, spin3, spin5, spin5:WxH (triads of boards), spin5-torus:WxH or full");
    }

    ChipResources chip = profile->chip;
    if (spec.cores_per_chip) chip.cores = static_cast<std::uint16_t>(*spec.cores_per_chip);
    if (spec.sdram_per_chip > 0) chip.sdram_bytes = spec.sdram_per_chip;
    if (spec.router_entries > 0) chip.router_entries = spec.router_entries;
    m.has_sdram = chip.sdram_bytes > 0;
    for (ChipId c = 0; c < m.chips(); ++c) {
        if (m.alive[c] == 0) continue;
        m.resources[c] = chip;
        for (int l = 0; l < link_count; ++l) {
            const ChipId n = m.neighbour(c, l);
            // On a torus one chip wide a link would come back to its own chip.
            if ((profile->links >> l & 1) != 0 && n != no_chip && n != c && m.alive[n] != 0)
                m.links[c] = static_cast<std::uint8_t>(m.links[c] | 1U << l);
        }
    }
    return m;
}

Faults parse_faults(std::string_view text, const std::string& file) {
    Faults faults;
    std::vector<Diagnostic> wrong;
    struct Kind {
        const char* key;
        std::size_t numbers;
        const char* form;
        std::vector<Faults::Item>* items;
    };
    const std::array<Kind, 3> kinds{{{"down_chips", 2, "x,y", &faults.chips},
                                     {"down_cores", 3, "x,y,core", &faults.cores},
                                     {"down_links", 3, "x,y,link", &faults.links}}};
    constexpr std::size_t most_errors = 100; // a file of another kind is not worth a message for every line
    const Kind* kind = nullptr;
    std::uint32_t line_number = 0;
    const auto item = [&](std::string_view token, std::uint32_t column) {
        const Where where{file, line_number, column};
        if (wrong.size() >= most_errors) return;
        if (kind == nullptr) {
            wrong.push_back({where, std::string(token), "comes before any of down_chips, down_cores and down_links",
                             "start the list with its name, as in down_chips = 1,2:3,4"});
            return;
        }
        std::array<int, 3> at{};
        std::size_t count = 0;
        bool good = true;
        std::string_view rest = token;
        while (good) {
            const std::size_t comma = rest.find(',');
            const std::string_view number = rest.substr(0, comma);
            int value = 0;
            const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
            good = error == std::errc{} && end == number.data() + number.size() && value >= 0 && count < kind->numbers;
            if (good) at[count++] = value;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
        if (!good || count != kind->numbers) {
            wrong.push_back({where, kind->key, fmt::format("\"{}\" isn't {}", token, kind->form),
                             "give whole numbers from 0 without spaces; addresses of boards are not taken"});
            return;
        }
        kind->items->push_back({at, where});
    };
    while (!text.empty()) {
        ++line_number;
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        line = line.substr(0, line.find_first_of("#;"));
        std::size_t at = line.find_first_not_of(" \t\r");
        if (at == std::string_view::npos || line[at] == '[') continue;
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos) {
            std::string_view key = line.substr(at, equals - at);
            key = key.substr(0, key.find_last_not_of(" \t") + 1);
            kind = nullptr;
            for (const Kind& k : kinds)
                if (key == k.key) kind = &k;
            if (kind == nullptr) {
                if (wrong.size() < most_errors)
                    wrong.push_back({{file, line_number, static_cast<std::uint32_t>(at + 1)},
                                     std::string(key),
                                     "isn't a list of faults",
                                     "use down_chips, down_cores or down_links"});
                continue;
            }
            at = equals + 1;
        }
        while (at < line.size()) {
            at = line.find_first_not_of(": \t\r", at);
            if (at == std::string_view::npos) break;
            const std::size_t stop = std::min(line.find_first_of(": \t\r", at), line.size());
            item(line.substr(at, stop - at), static_cast<std::uint32_t>(at + 1));
            at = stop;
        }
    }
    if (!wrong.empty()) throw InputError(std::move(wrong));
    return faults;
}

Faults read_faults(const std::string& path) {
    constexpr std::uint64_t most = std::uint64_t{64} << 20;
    return parse_faults(read_text_file(path, "faults", most), path);
}

void apply_faults(Machine& m, const Faults& faults) {
    std::vector<Diagnostic> wrong;
    const auto chip_at = [&](const Faults::Item& f, const char* key) {
        if (f.at[0] >= 0 && f.at[1] >= 0 && f.at[0] < m.width && f.at[1] < m.height) return m.chip(f.at[0], f.at[1]);
        wrong.push_back({f.where, key,
                         fmt::format("there is no chip ({}, {}) on {}, which has {} x {}", f.at[0], f.at[1], m.name,
                                     m.width, m.height),
                         "x counts from 0 eastwards, y from 0 northwards"});
        return no_chip;
    };
    const Machine whole = m;
    for (const Faults::Item& f : faults.links) {
        const ChipId c = chip_at(f, "down_links");
        if (c == no_chip) continue;
        if (f.at[2] < 0 || f.at[2] >= link_count) {
            wrong.push_back({f.where, "down_links", fmt::format("link {}, but links are 0 to 5", f.at[2]),
                             "0 is E, 1 NE, 2 N, 3 W, 4 SW, 5 S"});
            continue;
        }
        m.links[c] = static_cast<std::uint8_t>(m.links[c] & ~(1U << f.at[2]));
    }
    std::set<std::array<int, 3>> cores;
    for (const Faults::Item& f : faults.cores) {
        const ChipId c = chip_at(f, "down_cores");
        if (c == no_chip) continue;
        if (f.at[2] < 1 || (whole.alive[c] != 0 && f.at[2] > whole.resources[c].cores)) {
            wrong.push_back({f.where, "down_cores",
                             fmt::format("core {}, but the application cores of chip ({}, {}) are 1 to {}", f.at[2],
                                         f.at[0], f.at[1], whole.resources[c].cores),
                             "core 0 is the monitor's; list the chip in down_chips where that is dead"});
            continue;
        }
        if (whole.alive[c] != 0 && cores.insert(f.at).second) --m.resources[c].cores;
    }
    for (const Faults::Item& f : faults.chips) {
        const ChipId c = chip_at(f, "down_chips");
        if (c == no_chip) continue;
        m.alive[c] = 0;
        m.links[c] = 0;
        m.resources[c] = {};
        for (int l = 0; l < link_count; ++l) {
            const ChipId n = m.neighbour(c, l);
            if (n != no_chip) m.links[n] = static_cast<std::uint8_t>(m.links[n] & ~(1U << opposite(l)));
        }
    }
    if (!wrong.empty()) {
        m = whole;
        throw InputError(std::move(wrong));
    }
}

Faults random_faults(const Machine& m, double chips, double links, std::uint64_t seed) {
    const Key key = make_key(seed, Purpose::test, "machine faults");
    Faults faults;
    const auto hit = [&](ChipId c, std::uint64_t draw, double probability) {
        return draw32(key, c, draw) * 0x1p-32 < probability;
    };
    for (ChipId c = 0; c < m.chips(); ++c) {
        if (m.alive[c] == 0) continue;
        if (hit(c, 0, chips)) faults.chips.push_back({{m.x(c), m.y(c), 0}, {"<code>", 0, 0}});
        for (int l = 0; l < link_count; ++l)
            if (m.has_link(c, l) && hit(c, static_cast<std::uint64_t>(l) + 1, links))
                faults.links.push_back({{m.x(c), m.y(c), l}, {"<code>", 0, 0}});
    }
    return faults;
}

} // namespace spikecast::mapping
