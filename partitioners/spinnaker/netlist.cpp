#include "partitioners/spinnaker/netlist.hpp"

#include "partitioners/spinnaker/text_file.hpp"
#include "spikecast/error.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace spikecast::mapping {

namespace {

using Json = nlohmann::json;

/// Long values and names are cut in messages.
std::string shown(const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
}
std::string shown(const std::string& name) {
    return name.size() > 60 ? name.substr(0, 57) + "..." : name;
}

/// Names that an object gives more than once, of which a JSON value silently keeps one. (A callback of the parser that
/// makes the value could watch for them, but with it every object costs a walk over its siblings.)
struct RepeatedNames final : Json::json_sax_t {
    std::vector<std::string> found;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override {
        names_.emplace_back();
        return true;
    }
    bool key(string_t& name) override {
        if (++names_.back()[name] == 2) found.push_back(name);
        return true;
    }
    bool end_object() override {
        names_.pop_back();
        return true;
    }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    std::vector<std::unordered_map<std::string, int>> names_; ///< of the objects around the place
};

class Reader {
public:
    Reader(std::string_view text, std::string file, std::vector<std::string>* warnings)
        : file_(std::move(file)), warnings_(warnings) {
        parse(text);
    }

    MachineGraph read() {
        if (!root_.is_object()) {
            error("netlist", "the file holds " + std::string(root_.type_name()) + ", not an object",
                  R"(start with {"vertices_resources": ...)");
            fail();
        }
        for (const auto& [key, value] : root_.items())
            if (key != "vertices_resources" && key != "nets" && key != "same_chip_constraints" &&
                key != "routing_keys" && key != "labels" && key != "label_colours")
                error(shown(key), "isn't a part of a netlist",
                      "use vertices_resources, nets, same_chip_constraints, routing_keys, labels or label_colours");
        vertices();
        nets();
        constraints();
        keys();
        fail();
        return std::move(graph_);
    }

private:
    void error(std::string object, std::string message, std::string remedy) {
        constexpr std::size_t most = 200;
        if (wrong_.size() < most)
            wrong_.push_back({{file_, 0, 0}, std::move(object), std::move(message), std::move(remedy)});
        else
            ++more_;
    }
    void fail() {
        if (more_ > 0)
            wrong_.push_back(
                {{file_, 0, 0}, "netlist", fmt::format("{} more errors of this kind", more_), "mend these first"});
        if (!wrong_.empty()) throw InputError(std::move(wrong_));
    }

    void parse(std::string_view text) {
        // A number of brackets without end would exhaust the stack of whoever walks the value.
        int depth = 0;
        bool quoted = false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (quoted) {
                if (c == '\\') ++i;
                if (c == '"') quoted = false;
            } else if (c == '"') {
                quoted = true;
            } else if (c == '[' || c == '{') {
                if (++depth > 16) {
                    error("netlist", "brackets are nested more than 16 deep", "a netlist needs four levels");
                    fail();
                }
            } else if (c == ']' || c == '}') {
                --depth;
            }
        }
        try {
            root_ = Json::parse(text.begin(), text.end());
            RepeatedNames repeated;
            Json::sax_parse(text.begin(), text.end(), &repeated);
            for (const std::string& name : repeated.found)
                error(shown(Json(name)), "is given twice in one object", "give each name once");
        } catch (const Json::parse_error& e) {
            const std::size_t at = std::min(e.byte == 0 ? 0 : e.byte - 1, text.size());
            const auto line = static_cast<std::uint32_t>(
                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1);
            const std::size_t start = text.rfind('\n', at == 0 ? 0 : at - 1);
            const std::size_t column = start == std::string_view::npos || at == 0 ? at + 1 : at - start;
            wrong_.push_back({{file_, line, static_cast<std::uint32_t>(column)},
                              "netlist",
                              "the text isn't JSON here",
                              "check commas, quotes and brackets before this place"});
        } catch (const Json::exception& e) {
            wrong_.push_back(
                {{file_, 0, 0}, "netlist", std::string("a number is out of range: ") + e.what(), "mend it"});
        }
        fail();
    }

    /// A count from 0 to `most`; what is wrong with it is an error.
    std::uint64_t count(const Json& value, const std::string& object, std::uint64_t least, std::uint64_t most) {
        if (value.is_number_unsigned() || value.is_number_integer()) {
            if (value.is_number_unsigned() || value.get<std::int64_t>() >= 0) {
                const auto n = value.get<std::uint64_t>();
                if (n >= least && n <= most) return n;
            }
        } else if (value.is_number_float()) {
            const double d = value.get<double>();
            if (d >= static_cast<double>(least) && d <= static_cast<double>(most) && d < 0x1p63 && std::floor(d) == d)
                return static_cast<std::uint64_t>(d);
        }
        error(object, fmt::format("{} isn't a whole number from {} to {}", shown(value), least, most), "correct it");
        return least;
    }

    void vertices() {
        const auto list = root_.find("vertices_resources");
        if (list == root_.end() || !list->is_object()) {
            error("vertices_resources", list == root_.end() ? "is missing" : "isn't an object",
                  R"(give {"vertex": {"Cores": 1, "SDRAM": bytes}, ...})");
            return;
        }
        std::uint32_t number = 0;
        for (const auto& [name, resources] : list->items()) {
            Vertex v;
            v.name = name;
            const std::string object = "vertices_resources." + shown(name);
            if (!resources.is_object()) {
                error(object, shown(resources) + " isn't an object", R"(give {"Cores": 1, "SDRAM": bytes})");
            } else {
                for (const auto& [key, value] : resources.items()) {
                    if (key == "Cores" || key == "cores")
                        v.cores = static_cast<std::uint16_t>(count(value, object + "." + key, 1, 65535));
                    else if (key == "SDRAM" || key == "sdram")
                        v.sdram_bytes = count(value, object + "." + key, 0, std::uint64_t{1} << 50);
                    else
                        error(object + "." + shown(key), "isn't a resource of a chip", "use Cores and SDRAM");
                }
            }
            numbers_.emplace(name, number++);
            graph_.vertices.push_back(std::move(v));
        }
    }

    /// The number of a vertex by its name; none, and an error, where there is no such vertex.
    bool vertex(const Json& name, const std::string& object, std::uint32_t& number) {
        std::string text;
        if (name.is_string())
            text = name.get_ref<const std::string&>();
        else if (name.is_number_integer())
            text = name.dump();
        else {
            error(object, shown(name) + " isn't the name of a vertex", "give a name from vertices_resources");
            return false;
        }
        const auto it = numbers_.find(text);
        if (it == numbers_.end()) {
            error(object, fmt::format("there is no vertex \"{}\"", shown(text)), "give a name from vertices_resources");
            return false;
        }
        number = it->second;
        return true;
    }

    void nets() {
        graph_.sinks_begin.push_back(0);
        const auto list = root_.find("nets");
        if (list == root_.end() || !list->is_array()) {
            error("nets", list == root_.end() ? "is missing" : "isn't a list",
                  "give [[source, [sink, ...], weight], ...]");
            return;
        }
        std::vector<std::uint32_t> last_net(graph_.vertices.size(), std::numeric_limits<std::uint32_t>::max());
        std::uint32_t number = 0;
        for (const Json& net : *list) {
            const std::string object = fmt::format("nets[{}]", number);
            const Json* source = nullptr;
            const Json* sinks = nullptr;
            const Json* weight = nullptr;
            if (net.is_array() && (net.size() == 2 || net.size() == 3)) {
                source = &net[0];
                sinks = &net[1];
                if (net.size() == 3) weight = &net[2];
            } else if (net.is_object()) {
                for (const auto& [key, value] : net.items()) {
                    if (key == "source")
                        source = &value;
                    else if (key == "sinks")
                        sinks = &value;
                    else if (key == "weight")
                        weight = &value;
                    else
                        error(object + "." + shown(key), "isn't a part of a net", "use source, sinks and weight");
                }
            }
            if (source == nullptr || sinks == nullptr || !sinks->is_array()) {
                error(object, shown(net) + " isn't a net", "give [source, [sink, ...], weight]");
                ++number;
                continue;
            }
            std::uint32_t from = 0;
            if (!vertex(*source, object + " source", from)) from = 0;
            graph_.source.push_back(from);
            for (std::size_t i = 0; i < sinks->size(); ++i) {
                std::uint32_t to = 0;
                if (!vertex((*sinks)[i], fmt::format("{} sink {}", object, i), to)) continue;
                if (last_net[to] == number) {
                    if (warnings_ != nullptr)
                        warnings_->push_back(fmt::format("{}: {} names the sink \"{}\" twice; it counts once", file_,
                                                         object, shown(graph_.vertices[to].name)));
                    continue;
                }
                last_net[to] = number;
                graph_.sinks.push_back(to);
            }
            double w = 1.0;
            if (weight != nullptr) {
                w = weight->is_number() ? weight->get<double>() : -1.0;
                if (!(w >= 0.0) || !std::isfinite(w) || w > 1e300) {
                    error(object + " weight", shown(*weight) + " isn't a finite number from 0 on", "correct it");
                    w = 1.0;
                }
            }
            graph_.weight.push_back(w);
            graph_.key_bits.push_back(0);
            graph_.sinks_begin.push_back(graph_.sinks.size());
            ++number;
        }
        constexpr double most = 1e300; // so that no sum over trees is infinite
        const double sum = std::accumulate(graph_.weight.begin(), graph_.weight.end(), 0.0);
        if (!(sum <= most))
            error("nets", fmt::format("the weights add up to {:g}, but the most is {:g}", sum, most),
                  "give smaller weights");
    }

    void constraints() {
        const auto list = root_.find("same_chip_constraints");
        if (list == root_.end() || list->is_null()) return;
        if (!list->is_array()) {
            error("same_chip_constraints", "isn't a list", "give [[vertex, ...], ...]");
            return;
        }
        for (std::size_t i = 0; i < list->size(); ++i) {
            const Json& group = (*list)[i];
            const std::string object = fmt::format("same_chip_constraints[{}]", i);
            if (!group.is_array()) {
                error(object, shown(group) + " isn't a list", "give [vertex, ...]");
                continue;
            }
            std::vector<std::uint32_t> members;
            for (const Json& name : group) {
                std::uint32_t number = 0;
                if (vertex(name, object, number)) members.push_back(number);
            }
            std::sort(members.begin(), members.end());
            members.erase(std::unique(members.begin(), members.end()), members.end());
            if (members.size() > 1) graph_.same_chip.push_back(std::move(members));
        }
    }

    /// A key or a mask; what is wrong with it is an error.
    std::uint32_t word(const Json& value, const std::string& object) {
        if (!value.is_string()) return static_cast<std::uint32_t>(count(value, object, 0, 0xffff'ffffU));
        const std::string& text = value.get_ref<const std::string&>();
        std::uint32_t number = 0;
        const char* const end = text.data() + text.size();
        if (text.rfind("0x", 0) == 0) {
            const auto [at, code] = std::from_chars(text.data() + 2, end, number, 16);
            if (code == std::errc() && at == end) return number;
        }
        error(object, shown(value) + " isn't a key of 32 bits", "give a number, or a string as \"0xff00\"");
        return 0;
    }

    void keys() {
        const auto list = root_.find("routing_keys");
        if (list == root_.end()) return;
        if (!list->is_object()) {
            error("routing_keys", "isn't an object", R"(give {"net0": {"key": 0, "mask": 4294967295}, ...})");
            return;
        }
        const std::size_t nets = graph_.sinks_begin.size() - 1;
        std::vector<std::uint8_t> given(nets, 0);
        graph_.given_key.assign(nets, 0);
        graph_.given_mask.assign(nets, ~std::uint32_t{0});
        for (const auto& [name, value] : list->items()) {
            const std::string object = "routing_keys." + shown(name);
            std::size_t net = nets;
            if (name.rfind("net", 0) == 0) {
                const auto [at, code] = std::from_chars(name.data() + 3, name.data() + name.size(), net);
                if (code != std::errc() || at != name.data() + name.size()) net = nets;
            }
            if (net >= nets || name != "net" + std::to_string(net)) {
                error(object, "names no net",
                      nets == 0 ? "leave routing_keys out, for there are no nets"
                                : fmt::format("nets are called net0 to net{}, in their order", nets - 1));
                continue;
            }
            given[net] = 1;
            const std::size_t wrong_before = wrong_.size();
            if (value.is_array() && (value.size() == 1 || value.size() == 2)) {
                graph_.given_key[net] = word(value[0], object + " key");
                if (value.size() == 2) graph_.given_mask[net] = word(value[1], object + " mask");
            } else if (value.is_object() && value.contains("key")) {
                for (const auto& [part, number] : value.items()) {
                    if (part == "key")
                        graph_.given_key[net] = word(number, object + " key");
                    else if (part == "mask")
                        graph_.given_mask[net] = word(number, object + " mask");
                    else
                        error(object + "." + shown(part), "isn't a part of a key", "use key and mask");
                }
            } else {
                error(object, shown(value) + " isn't a key", R"(give {"key": 0, "mask": 4294967295})");
                continue;
            }
            if (wrong_.size() > wrong_before) continue;
            const std::uint32_t key = graph_.given_key[net], mask = graph_.given_mask[net];
            if ((key & ~mask) != 0)
                error(object, fmt::format("key 0x{:08x} has bits outside its mask 0x{:08x}", key, mask),
                      "clear them, or set them in the mask");
            if (mask == 0) error(object, "the mask is 0, so that the net takes all keys", "give a mask with ones");
            graph_.key_bits[net] = static_cast<std::uint8_t>(32 - std::popcount(mask));
        }
        for (std::size_t net = 0; net < nets; ++net)
            if (given[net] == 0)
                error("routing_keys", fmt::format("there is no key for net{}", net), "give all nets keys, or none");
        if (wrong_.empty()) overlaps();
    }

    /// Nets with a key in common.
    void overlaps() {
        std::vector<std::uint32_t> nets(graph_.given_key.size());
        std::iota(nets.begin(), nets.end(), 0U);
        std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
        find_overlaps(nets, pairs);
        std::sort(pairs.begin(), pairs.end());
        pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
        for (const auto& [a, b] : pairs)
            overlap(a, b);
    }
    /// Adds pairs of nets that share a key, some of them more than once, and ends where there are enough to tell. Nets
    /// are told apart by the bit that leaves fewest pairs to compare, as long as that is worth it; those without the
    /// bit in their mask go with both sides.
    void find_overlaps(const std::vector<std::uint32_t>& nets,
                       std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs) const {
        constexpr std::size_t enough = 1000, few = 32;
        const auto compared = [](std::size_t n) { return static_cast<double>(n) * static_cast<double>(n); };
        std::uint32_t best = 0;
        double least = 0.75 * compared(nets.size());
        if (nets.size() > few) {
            std::array<std::array<std::size_t, 2>, 32> sides{}; // by bit: nets that have it in their mask, by its value
            for (const std::uint32_t net : nets)
                for (std::uint32_t rest = graph_.given_mask[net]; rest != 0; rest &= rest - 1) {
                    const auto bit = static_cast<unsigned>(std::countr_zero(rest));
                    ++sides[bit][graph_.given_key[net] >> bit & 1];
                }
            for (unsigned bit = 0; bit < 32; ++bit) {
                const auto [zeros, ones] = sides[bit];
                const double left = compared(nets.size() - ones) + compared(nets.size() - zeros);
                if (left >= least) continue;
                least = left;
                best = std::uint32_t{1} << bit;
            }
        }
        if (best == 0) {
            for (std::size_t i = 0; i < nets.size() && pairs.size() < enough; ++i)
                for (std::size_t j = 0; j < i; ++j) {
                    const std::uint32_t a = nets[i], b = nets[j];
                    const std::uint32_t both = graph_.given_mask[a] & graph_.given_mask[b];
                    if (((graph_.given_key[a] ^ graph_.given_key[b]) & both) == 0)
                        pairs.emplace_back(std::min(a, b), std::max(a, b));
                }
            return;
        }
        for (const std::uint32_t value : {std::uint32_t{0}, best}) {
            std::vector<std::uint32_t> side;
            for (const std::uint32_t net : nets)
                if ((graph_.given_mask[net] & best) == 0 || (graph_.given_key[net] & best) == value)
                    side.push_back(net);
            if (pairs.size() < enough) find_overlaps(side, pairs);
        }
    }
    void overlap(std::uint32_t a, std::uint32_t b) {
        error(fmt::format("routing_keys.net{}", std::max(a, b)),
              fmt::format("sends key 0x{:08x}, which net{} sends too", graph_.given_key[a] | graph_.given_key[b],
                          std::min(a, b)),
              "give nets blocks of keys that don't meet");
    }

    std::string file_;
    std::vector<std::string>* warnings_;
    Json root_;
    MachineGraph graph_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<Diagnostic> wrong_;
    std::size_t more_ = 0;
};

} // namespace

MachineGraph parse_netlist(std::string_view text, const std::string& file, std::vector<std::string>* warnings) {
    return Reader(text, file, warnings).read();
}

MachineGraph read_netlist(const std::string& path, std::vector<std::string>* warnings) {
    constexpr std::uint64_t most = std::uint64_t{4} << 30;
    return parse_netlist(read_text_file(path, "netlist", most), path, warnings);
}

} // namespace spikecast::mapping
