#include "engine/experiment/document.hpp"

#include "engine/experiment/quantity.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

// TOML++ 3.3 asserts that a key follows where bad input has none, and in a release takes it for granted. Here it
// throws, in every build, so that bad input ends in a message.
namespace spikecast {
[[noreturn]] static void not_toml(const char* expected) {
    throw std::invalid_argument(expected);
}
} // namespace spikecast
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : ::spikecast::not_toml(#condition))
#include <toml++/toml.h>

namespace spikecast {
namespace {

namespace fs = std::filesystem;

Where place(const toml::source_region& source, const std::string& file) {
    return {file, static_cast<std::uint32_t>(source.begin.line), static_cast<std::uint32_t>(source.begin.column)};
}

Node converted(const toml::node& from, const std::string& file) {
    Node n;
    n.where = place(from.source(), file);
    if (const toml::table* table = from.as_table()) {
        n.kind = Node::Kind::table;
        for (const auto& [key, value] : *table)
            n.members.push_back({std::string(key.str()), place(key.source(), file), converted(value, file)});
        // TOML++ sorts keys by name; what a person wrote first comes first.
        std::stable_sort(n.members.begin(), n.members.end(), [](const Node::Member& a, const Node::Member& b) {
            return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
        });
    } else if (const toml::array* array = from.as_array()) {
        n.kind = Node::Kind::array;
        for (const toml::node& element : *array)
            n.elements.push_back(converted(element, file));
    } else if (const auto* s = from.as_string()) {
        n.kind = Node::Kind::string;
        n.string = s->get();
    } else if (const auto* i = from.as_integer()) {
        n.kind = Node::Kind::integer;
        n.integer = i->get();
    } else if (const auto* f = from.as_floating_point()) {
        n.kind = Node::Kind::floating;
        n.floating = f->get();
    } else if (const auto* b = from.as_boolean()) {
        n.kind = Node::Kind::boolean;
        n.boolean = b->get();
    } else {
        n.kind = Node::Kind::date;
        n.string = "1970-01-01";
    }
    return n;
}

/// The line with which an assertion of TOML++ fails, which doesn't say where.
std::uint32_t first_bad_line(const std::string& text) {
    std::uint32_t line = 1;
    for (std::size_t end = text.find('\n'); end != std::string::npos && line < 5000;
         end = text.find('\n', end + 1), ++line) {
        try {
            (void)toml::parse(std::string_view(text).substr(0, end + 1));
        } catch (const toml::parse_error&) { // an array that goes on, or nothing yet
        } catch (const std::exception&) {
            return line;
        }
    }
    return line;
}

/// Parses TOML; false and a diagnostic where it isn't.
bool parsed(const std::string& text, const std::string& file, Node& out, std::vector<Diagnostic>& errors) {
    try {
        const toml::table table = toml::parse(std::string_view(text));
        out = converted(table, file);
        return true;
    } catch (const toml::parse_error& e) {
        errors.push_back(
            {place(e.source(), file), "TOML", std::string(e.description()), "correct the syntax (https://toml.io)"});
    } catch (const std::exception&) {
        errors.push_back({{file, first_bad_line(text), 1},
                          "TOML",
                          "a key is expected somewhere in this line",
                          "correct the syntax (https://toml.io)"});
    }
    return false;
}

/// What an included file names is found relative to that file: its paths are rewritten relative to the main one.
void rebase(Node& node, const fs::path& from, const fs::path& to, bool machine = false) {
    for (Node::Member& m : node.members) {
        if ((m.key == "file" || m.key == "swc" || (machine && m.key == "faults")) && m.value.is_string() &&
            !fs::path(m.value.string).is_absolute() && !m.value.string.empty()) {
            const fs::path moved = (from / m.value.string).lexically_normal();
            m.value.string = moved.lexically_proximate(to.empty() ? fs::path(".") : to).generic_string();
        }
        rebase(m.value, from, to, m.key == "machine");
    }
    for (Node& element : node.elements)
        rebase(element, from, to);
}

/// What one experiment may take to read: more is a mistake, or was made to use up the machine (files that include two
/// others each, thirty deep, are 2^30 readings).
constexpr std::uintmax_t most_bytes = std::uintmax_t{64} << 20;
constexpr std::size_t most_files = 1000;

struct Loader {
    std::vector<Diagnostic>& errors;
    std::vector<fs::path> chain; ///< canonical paths of the files being read, outermost first
    fs::path main_directory;
    std::string main_text;
    bool has_includes = false;
    std::uintmax_t bytes = 0;      ///< read so far
    std::vector<std::string> read; ///< likewise, each as often as it was
    bool refused = false;          ///< one file too many or too large was reported

    Node load(const fs::path& path, const Where& from) {
        std::error_code code;
        const fs::path canonical = fs::weakly_canonical(path, code);
        const std::string shown = path.generic_string();
        if (std::find(chain.begin(), chain.end(), canonical) != chain.end()) {
            std::string cycle;
            for (const fs::path& p : chain)
                cycle += p.filename().string() + " -> ";
            errors.push_back({from, "include",
                              fmt::format("'{}' includes itself: {}{}", shown, cycle, path.filename().string()),
                              "remove one of the includes"});
            return {};
        }
        std::ifstream stream(path, std::ios::binary);
        if (!fs::is_regular_file(path, code) || !stream) {
            if (chain.empty())
                errors.push_back({{shown, 0, 0}, "", "the file doesn't exist or can't be read", "check the path"});
            else
                errors.push_back({from, "include", fmt::format("'{}' doesn't exist or can't be read", shown),
                                  "paths are relative to the file that includes"});
            return {};
        }
        const std::uintmax_t size = fs::file_size(path, code);
        if (code || size > most_bytes - bytes || read.size() == most_files) {
            if (!refused)
                errors.push_back({chain.empty() ? Where{shown, 0, 0} : from, chain.empty() ? "" : "include",
                                  fmt::format("'{}' is file number {} of this experiment, which with it has {} bytes, "
                                              "but at most {} files and {} bytes are read",
                                              shown, read.size() + 1, bytes + size, most_files, most_bytes),
                                  "include fewer files; put lists of synapses and arrays into files of their own"});
            refused = true; // once: what follows from it isn't worth saying
            return {};
        }
        bytes += size;
        read.push_back(shown);
        std::string text(static_cast<std::size_t>(size), '\0');
        stream.read(text.data(), static_cast<std::streamsize>(size));
        text.resize(static_cast<std::size_t>(stream.gcount()));
        if (chain.empty()) main_text = text;
        Node own;
        if (!parsed(text, shown, own, errors)) return {};
        if (!chain.empty()) rebase(own, path.parent_path(), main_directory);
        chain.push_back(canonical);
        Node merged;
        merged.where = {shown, 1, 1};
        if (const Node* include = own.find("include")) {
            has_includes = true;
            std::vector<const Node*> files;
            if (include->is_string())
                files.push_back(include);
            else if (include->is_array())
                for (const Node& element : include->elements)
                    files.push_back(&element);
            else
                errors.push_back({include->where, "include",
                                  fmt::format("is {}, but must be a list of files", include->kind_name()),
                                  "write include = [\"a.toml\", \"b.toml\"]"});
            for (const Node* file : files) {
                if (!file->is_string()) {
                    errors.push_back({file->where, "include",
                                      fmt::format("has {} in its list of files", file->kind_name()),
                                      "write include = [\"a.toml\", \"b.toml\"]"});
                    continue;
                }
                merge(merged, load(path.parent_path() / file->string, file->where));
            }
            own.erase("include");
        }
        chain.pop_back();
        own.where = {shown, 1, 1};
        merge(merged, own);
        merged.where = own.where;
        return merged;
    }
};

struct Step {
    std::string key;
    bool is_index = false;
    std::size_t index = 0;
};

/// "a.\"b c\"[2].d" -> a, b c, [2], d; empty where it isn't a key path.
std::vector<Step> key_path(const std::string& text) {
    std::vector<Step> steps;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text[i] == '[') {
            const std::size_t close = text.find(']', i);
            if (close == std::string::npos || close == i + 1 || close - i > 10 || steps.empty()) return {};
            Step step{{}, true, 0};
            for (std::size_t j = i + 1; j < close; ++j) {
                if (text[j] < '0' || text[j] > '9') return {};
                step.index = step.index * 10 + static_cast<std::size_t>(text[j] - '0');
            }
            steps.push_back(step);
            i = close + 1;
            if (i < text.size() && text[i] == '.') {
                if (++i == text.size()) return {};
            } else if (i < text.size() && text[i] != '[') {
                return {};
            }
            continue;
        }
        Step step;
        if (text[i] == '"' || text[i] == '\'') {
            const std::size_t close = text.find(text[i], i + 1);
            if (close == std::string::npos) return {};
            step.key = text.substr(i + 1, close - i - 1);
            i = close + 1;
        } else {
            const std::size_t end = std::min(text.find_first_of(".[", i), text.size());
            step.key = text.substr(i, end - i);
            i = end;
        }
        if (step.key.empty()) return {};
        steps.push_back(step);
        if (i < text.size() && text[i] == '.') {
            if (++i == text.size()) return {};
        }
    }
    return steps;
}

void relocate(Node& node, const Where& where) {
    node.where = where;
    for (Node::Member& m : node.members) {
        m.where = where;
        relocate(m.value, where);
    }
    for (Node& e : node.elements)
        relocate(e, where);
}

Node override_value(const std::string& text) {
    Node node;
    try {
        const toml::table table = toml::parse("x = " + text);
        if (table.size() == 1 && table.contains("x"))
            node = converted(*table.get("x"), "--set");
        else
            throw std::invalid_argument(text);
    } catch (const std::exception&) { // not a TOML value: words and quantities need no quotes on a command line
        node.kind = Node::Kind::string;
        node.string = text;
    }
    relocate(node, {"--set", 0, 0});
    return node;
}

void apply_override(Node& root, const std::string& path, const std::vector<Step>& steps, const std::string& text,
                    std::vector<Diagnostic>& errors) {
    const Where where{"--set", 0, 0};
    Node* at = &root;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        const bool last = i + 1 == steps.size();
        if (step.is_index) {
            if (!at->is_array() || step.index >= at->elements.size()) {
                errors.push_back({where, path,
                                  at->is_array() ? fmt::format("index {} is out of range, there are {}", step.index,
                                                               at->elements.size())
                                                 : std::string("an index into something that isn't a list"),
                                  "count from 0"});
                return;
            }
            at = &at->elements[step.index];
        } else {
            if (!at->is_table()) {
                if (at->is_array()) {
                    errors.push_back({where, path, fmt::format("'{}' is looked up in a list", step.key),
                                      "name one of its elements, as in projections[0].weight"});
                    return;
                }
                Node table; // a value gives way to a table: weight = "1 mV" and --set projections[0].weight.low=0
                table.where = where;
                *at = table;
            }
            Node* next = at->find(step.key);
            if (next == nullptr) {
                Node table;
                table.where = where;
                next = &at->set(step.key, table, where);
            }
            at = next;
        }
        if (last) *at = override_value(text);
    }
}

} // namespace

const Node* Node::find(const std::string& key) const {
    for (const Member& m : members)
        if (m.key == key) return &m.value;
    return nullptr;
}
Node* Node::find(const std::string& key) {
    for (Member& m : members)
        if (m.key == key) return &m.value;
    return nullptr;
}
Node& Node::set(const std::string& key, Node value, const Where& at) {
    for (Member& m : members) {
        if (m.key == key) {
            m.where = at;
            m.value = std::move(value);
            return m.value;
        }
    }
    members.push_back({key, at, std::move(value)});
    return members.back().value;
}
void Node::erase(const std::string& key) {
    members.erase(std::remove_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; }),
                  members.end());
}
const char* Node::kind_name() const noexcept {
    switch (kind) {
    case Kind::table:
        return "a table";
    case Kind::array:
        return "a list";
    case Kind::string:
        return "a string";
    case Kind::integer:
        return "an integer";
    case Kind::floating:
        return "a number";
    case Kind::boolean:
        return "true or false";
    default:
        return "a date";
    }
}
std::string Node::text() const {
    switch (kind) {
    case Kind::string: {
        std::string out = "\"";
        for (const char c : string) {
            if (c == '"' || c == '\\')
                (out += '\\') += c;
            else if (c == '\n')
                out += "\\n";
            else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
            else
                out += c;
        }
        return out + '"';
    }
    case Kind::integer:
        return std::to_string(integer);
    case Kind::floating: {
        if (!std::isfinite(floating)) return std::isnan(floating) ? "nan" : floating < 0 ? "-inf" : "inf";
        const std::string digits = fmt::format("{}", floating);
        return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
    }
    case Kind::boolean:
        return boolean ? "true" : "false";
    case Kind::array: {
        std::string out = "[";
        for (std::size_t i = 0; i < elements.size(); ++i)
            out += (i == 0 ? "" : ", ") + elements[i].text();
        return out + "]";
    }
    case Kind::table: {
        std::string out = "{ ";
        for (std::size_t i = 0; i < members.size(); ++i) {
            Node key;
            key.kind = Kind::string;
            key.string = members[i].key;
            out += fmt::format("{}{} = {}", i == 0 ? "" : ", ", key.text(), members[i].value.text());
        }
        return out + " }";
    }
    default:
        return string;
    }
}

void merge(Node& base, const Node& over, bool top_level) {
    for (const Node::Member& m : over.members) {
        Node* old = base.find(m.key);
        if (old == nullptr) {
            base.members.push_back(m);
        } else if (old->is_table() && m.value.is_table()) {
            merge(*old, m.value, false);
        } else if (top_level && (m.key == "projections" || m.key == "stimuli" || m.key == "recorders") &&
                   old->is_array() && m.value.is_array()) {
            old->elements.insert(old->elements.end(), m.value.elements.begin(), m.value.elements.end());
        } else {
            base.set(m.key, m.value, m.where);
        }
    }
}

Document read_document(const std::string& path, std::vector<Diagnostic>& errors) {
    Loader loader{errors, {}, fs::path(path).parent_path(), {}, false, 0, {}, false};
    Document document;
    document.root = loader.load(path, {path, 0, 0});
    document.directory = loader.main_directory.string();
    document.text = std::move(loader.main_text);
    document.files = std::move(loader.read);
    if (loader.has_includes) { // the result file must hold all of it; each top-level key becomes one line
        document.text = "# Merged from " + fs::path(path).filename().string() + " and what it includes.\n";
        for (const Node::Member& m : document.root.members) {
            Node key;
            key.kind = Node::Kind::string;
            key.string = m.key;
            document.text += key.text() + " = " + m.value.text() + "\n";
        }
    }
    return document;
}

Document parse_document(const std::string& text, const std::string& directory, const std::string& name,
                        std::vector<Diagnostic>& errors) {
    Document document;
    if (parsed(text, name, document.root, errors)) document.root.where = {name, 1, 1};
    document.directory = directory;
    document.text = text;
    return document;
}

void apply_variants_and_overrides(Node& root, const std::vector<std::string>& overrides,
                                  std::vector<Diagnostic>& errors) {
    struct Override {
        std::string path, value;
        std::vector<Step> steps;
    };
    std::vector<Override> early, late;
    for (const std::string& o : overrides) {
        const std::size_t equals = o.find('=');
        Override parts;
        if (equals != std::string::npos) {
            const auto trimmed = [](std::string s) {
                s.erase(0, std::min(s.find_first_not_of(" \t"), s.size()));
                s.erase(s.find_last_not_of(" \t") + 1);
                return s;
            };
            parts.path = trimmed(o.substr(0, equals));
            parts.value = trimmed(o.substr(equals + 1));
            parts.steps = key_path(parts.path);
        }
        if (parts.steps.empty()) {
            errors.push_back({{"--set", 0, 0}, o, "isn't of the form key.path=value", "write --set simulation.seed=7"});
            continue;
        }
        const bool variant = parts.steps[0].key == "variant" || parts.steps[0].key == "variants";
        (variant ? early : late).push_back(std::move(parts));
    }
    for (const Override& o : early)
        apply_override(root, o.path, o.steps, o.value, errors);

    std::set<std::string> done;
    // A variant can build on others through a key `variant` of its own, which are merged before it.
    const auto choose = [&](const auto& self, const Node& choice) -> void {
        if (choice.is_array()) {
            for (const Node& element : choice.elements)
                self(self, element);
            return;
        }
        if (!choice.is_string()) {
            errors.push_back({choice.where, "variant",
                              fmt::format("is {}, but must be a name or a list of names", choice.kind_name()),
                              "name a table of [variants]"});
            return;
        }
        const Node* all = root.find("variants");
        const Node* found = all != nullptr ? all->find(choice.string) : nullptr;
        if (found == nullptr || !found->is_table()) {
            std::vector<std::string> known;
            if (all != nullptr)
                for (const Node::Member& m : all->members)
                    known.push_back(m.key);
            errors.push_back({choice.where, "variant", fmt::format("there is no variant '{}'", choice.string),
                              known.empty() ? "the file declares none; add [variants." + choice.string + "]"
                                            : suggestion(choice.string, known)});
            return;
        }
        if (!done.insert(choice.string).second) return;
        Node content = *found;
        const Node* base = content.find("variant");
        if (base != nullptr) {
            const Node bases = *base;
            self(self, bases);
            content.erase("variant");
        }
        if (content.find("variants") != nullptr) {
            errors.push_back({choice.where, "variant", fmt::format("variant '{}' declares variants", choice.string),
                              "declare them at the top of the file"});
            content.erase("variants");
        }
        merge(root, content);
    };
    if (const Node* variant = root.find("variant")) {
        const Node chosen = *variant;
        choose(choose, chosen);
    }
    for (const Override& o : late)
        apply_override(root, o.path, o.steps, o.value, errors);
}

} // namespace spikecast
