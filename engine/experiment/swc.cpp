#include "engine/experiment/swc.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

namespace spikecast {
namespace {

struct Point {
    std::int64_t id, type, parent;
    double x, y, z, radius;
    std::uint32_t line;
    std::uint32_t column_type, column_radius, column_parent;
    std::vector<std::size_t> children; ///< numbers of points
    std::size_t from = 0;              ///< number of the parent
};

struct Word {
    std::string text;
    std::uint32_t column;
};
std::vector<Word> words_of(const std::string& line) {
    std::vector<Word> words;
    for (std::size_t i = 0; i < line.size();) {
        const auto space = [&](std::size_t k) { return std::isspace(static_cast<unsigned char>(line[k])) != 0; };
        while (i < line.size() && space(i))
            ++i;
        const std::size_t begin = i;
        while (i < line.size() && !space(i))
            ++i;
        if (i > begin) words.push_back({line.substr(begin, i - begin), static_cast<std::uint32_t>(begin + 1)});
    }
    return words;
}
std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}
template <class T>
bool read(const std::string& text, T& value) {
    const char* const begin = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}
/// Whole numbers are also written as 3.0.
bool read_whole(const std::string& text, std::int64_t& value) {
    if (read(text, value)) return true;
    double number = 0.0;
    if (!read(text, number) || number != std::floor(number) || std::abs(number) > 1e15) return false;
    value = static_cast<std::int64_t>(number);
    return true;
}

double distance(const Point& a, const Point& b) {
    return std::sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y) + (a.z - b.z) * (a.z - b.z));
}
const char* region_of(std::int64_t type) {
    static const char* const names[] = {"soma", "axon", "dend", "apic"};
    return type >= 1 && type <= 4 ? names[type - 1] : "other";
}

class SwcFile {
public:
    SwcFile(const std::string& file, const SwcAsked& asked, std::vector<Diagnostic>& errors)
        : file_(file), asked_(asked), errors_(errors), first_error_(errors.size()) {}

    std::vector<SwcSection> sections() {
        std::error_code code;
        const bool regular = std::filesystem::is_regular_file(file_, code);
        std::ifstream stream(regular ? file_ : std::string());
        if (!stream) {
            errors_.push_back({asked_.where, asked_.object, fmt::format("the file '{}' can't be read", file_),
                               "paths are relative to the experiment file"});
            return {};
        }
        constexpr std::uintmax_t most_bytes = std::uintmax_t{64} << 20;
        constexpr std::streamsize longest_line = 4096;
        if (const std::uintmax_t size = std::filesystem::file_size(file_, code); code || size > most_bytes) {
            fail(0, 0, fmt::format("has {} bytes, but a morphology may have at most {}", size, most_bytes),
                 "give a tree with fewer points");
            return {};
        }
        std::array<char, longest_line + 1> line{};
        for (std::uint32_t number = 1;
             stream.getline(line.data(), longest_line + 1), errors_.size() < first_error_ + 20; ++number) {
            if (stream.fail() && stream.gcount() == longest_line) {
                fail(number, 1, fmt::format("a line of more than {} characters", longest_line),
                     "give a text file with one point a line");
                return {};
            }
            if (stream.fail()) break;                                                // the end
            const std::streamsize length = stream.gcount() - (stream.eof() ? 0 : 1); // without the end of the line
            read_line(std::string(line.data(), static_cast<std::size_t>(length)), number);
        }
        if (failed()) return {};
        if (points_.empty()) {
            errors_.push_back({{file_, 1, 1}, asked_.object, "holds no points", "give an SWC file"});
            return {};
        }
        if (announced_ > 0 && announced_ != points_.size())
            errors_.push_back(
                {{file_, announced_line_, 1},
                 asked_.object,
                 fmt::format("the header announces {} points, but there are {}", announced_, points_.size()),
                 "the file is cut off or was edited: get it again, or correct the header"});
        link();
        if (failed()) return {};
        return cut();
    }

private:
    [[nodiscard]] bool failed() const { return errors_.size() > first_error_; }
    void fail(std::uint32_t line, std::uint32_t column, std::string message, std::string remedy) {
        errors_.push_back({{file_, line, column}, asked_.object, std::move(message), std::move(remedy)});
    }

    void read_comment(const std::string& text, std::uint32_t number) {
        std::string clean = lower(text);
        std::replace_if(
            clean.begin(), clean.end(), [](char c) { return c == '#' || c == ':' || c == '=' || c == ','; }, ' ');
        const std::vector<Word> words = words_of(clean);
        std::uint64_t count = 0;
        for (std::size_t i = 0; i + 1 < words.size() && i < 4; ++i) {
            const std::string& w = words[i].text;
            const bool counts = w == "points" || w == "nodes" || w == "samples" || w == "npoints" || w == "nodecount";
            if (counts && read(words[i + 1].text, count) && i + 2 == words.size()) {
                announced_ = count;
                announced_line_ = number;
            }
        }
        if (words.size() == 4 && words[0].text == "scale")
            for (std::size_t i = 1; i < 4; ++i) {
                double factor = 1.0;
                if (!read(words[i].text, factor) || factor == 1.0) continue;
                fail(number, words[i].column, fmt::format("the header scales coordinates by {}", words[i].text),
                     "multiply coordinates and radii, and write SCALE 1.0 1.0 1.0");
                break;
            }
        // a line that names the columns must name them in the order that they have
        static const char* const columns[] = {"type", "x", "y", "z", "radius", "parent"};
        std::vector<std::size_t> order;
        for (const Word& w : words) {
            std::string name = w.text;
            if (name == "r" || name == "radii") name = "radius";
            if (name == "t" || name == "label" || name == "structure_identifier" || name == "identifier") name = "type";
            if (name == "p" || name == "pn" || name == "parent_id") name = "parent";
            const auto* const found = std::find(std::begin(columns), std::end(columns), name);
            if (found != std::end(columns)) order.push_back(static_cast<std::size_t>(found - columns));
        }
        if (order.size() == std::size(columns) && words.size() <= 8 && !std::is_sorted(order.begin(), order.end()))
            fail(number, 1, "the header names the columns in another order than id type x y z radius parent",
                 "bring the columns into SWC's order");
    }

    void read_line(const std::string& line, std::uint32_t number) {
        const std::size_t hash = line.find('#');
        if (hash != std::string::npos && points_.empty()) read_comment(line.substr(hash), number);
        const std::vector<Word> words = words_of(line.substr(0, hash));
        if (words.empty()) return;
        if (words.size() < 7) {
            fail(number, 1, fmt::format("has {} numbers, but a point has seven", words.size()),
                 "id type x y z radius parent");
            return;
        }
        Point p{};
        p.line = number;
        p.column_type = words[1].column;
        p.column_radius = words[5].column;
        p.column_parent = words[6].column;
        std::int64_t* const whole[] = {&p.id, &p.type, &p.parent};
        const std::size_t whole_at[] = {0, 1, 6};
        double* const reals[] = {&p.x, &p.y, &p.z, &p.radius};
        for (std::size_t k = 0; k < 3; ++k)
            if (!read_whole(words[whole_at[k]].text, *whole[k])) {
                fail(number, words[whole_at[k]].column,
                     fmt::format("'{}' is not a whole number", words[whole_at[k]].text), "id type x y z radius parent");
                return;
            }
        for (std::size_t k = 0; k < 4; ++k)
            if (!read(words[2 + k].text, *reals[k]) || !std::isfinite(*reals[k])) {
                fail(number, words[2 + k].column, fmt::format("'{}' is not a number", words[2 + k].text),
                     "id type x y z radius parent");
                return;
            }
        if (!(p.radius > 0.0)) {
            fail(number, p.column_radius,
                 fmt::format("point {} has the radius {} um, but it must be > 0 um", p.id, p.radius),
                 "give the point its radius");
            return;
        }
        if (!number_.emplace(p.id, points_.size()).second) {
            fail(number, words[0].column, fmt::format("there are two points {}", p.id), "number points apart");
            return;
        }
        points_.push_back(std::move(p));
    }

    /// Children, the root; every point must be reachable.
    void link() {
        bool any_root = false;
        for (std::size_t i = 0; i < points_.size(); ++i) {
            Point& p = points_[i];
            if (p.parent < 0) {
                if (any_root)
                    fail(p.line, p.column_parent,
                         fmt::format("points {} and {} both have no parent", points_[root_].id, p.id),
                         "a neuron is one tree: join the pieces, or remove all but one");
                else
                    root_ = i;
                any_root = true;
                continue;
            }
            const auto parent = number_.find(p.parent);
            if (parent == number_.end()) {
                fail(p.line, p.column_parent,
                     fmt::format("point {} has the parent {}, which isn't in the file", p.id, p.parent),
                     "give the point a parent that exists, or -1 for the root");
            } else {
                p.from = parent->second;
                points_[parent->second].children.push_back(i);
            }
        }
        if (failed()) return;
        std::vector<bool> reached(points_.size(), false);
        std::vector<std::size_t> waiting;
        if (any_root) waiting.push_back(root_);
        while (!waiting.empty()) {
            const std::size_t i = waiting.back();
            waiting.pop_back();
            reached[i] = true;
            waiting.insert(waiting.end(), points_[i].children.begin(), points_[i].children.end());
        }
        for (std::size_t i = 0; i < points_.size(); ++i)
            if (!reached[i]) {
                // walk up until the circle closes, so that the point named is on it
                std::size_t at = i;
                for (std::size_t k = 0; k < points_.size(); ++k)
                    at = points_[at].from;
                fail(points_[at].line, points_[at].column_parent,
                     fmt::format("point {} is its own ancestor", points_[at].id),
                     "a tree has no circles: the root has the parent -1");
                break;
            }
    }

    std::string name_for(const std::string& region) {
        if (region == "soma" && counts_[region]++ == 0) return "soma";
        if (region == "soma") return fmt::format("soma_{}", counts_[region] - 1);
        return fmt::format("{}_{}", region, counts_[region]++);
    }

    /// A soma of one point, or of three in NeuroMorpho's form.
    [[nodiscard]] bool is_ball() const {
        const Point& root = points_[root_];
        if (root.type != 1) return false;
        std::vector<std::size_t> soma;
        for (const std::size_t c : root.children)
            if (points_[c].type == 1) soma.push_back(c);
        if (soma.empty()) return true;
        if (soma.size() != 2) return false;
        return std::all_of(soma.begin(), soma.end(), [&](std::size_t c) {
            const Point& p = points_[c];
            const bool ends =
                std::none_of(p.children.begin(), p.children.end(), [&](std::size_t k) { return points_[k].type == 1; });
            return ends && std::abs(distance(p, root) - root.radius) <= 0.1 * root.radius;
        });
    }

    std::vector<SwcSection> cut() {
        const Point& root = points_[root_];
        struct Start {
            std::size_t first; ///< the first point after the branch point
            std::string parent;
            double parent_at;
            bool own_begin; ///< begins at its own first point, as from a soma
        };
        std::vector<Start> waiting;
        const auto push = [&](std::size_t point, const std::string& parent, double at, bool own_begin) {
            const auto& children = points_[point].children;
            for (auto child = children.rbegin(); child != children.rend(); ++child)
                waiting.push_back({*child, parent, at, own_begin});
        };
        std::vector<SwcSection> sections;
        bool root_made = false;
        if (is_ball()) {
            SwcSection soma{{}, "soma"};
            soma.section.name = name_for("soma");
            soma.section.points = {{0.0, 2.0 * root.radius}, {2.0 * root.radius, 2.0 * root.radius}};
            sections.push_back(soma);
            root_made = true;
            for (auto child = root.children.rbegin(); child != root.children.rend(); ++child) {
                if (points_[*child].type != 1)
                    waiting.push_back({*child, soma.section.name, 0.5, true});
                else
                    push(*child, soma.section.name, 0.5, true);
            }
        } else {
            push(root_, "", 0.0, false);
            if (waiting.empty()) {
                fail(root.line, 1, "a single point that is no soma has no length", "give the tree two points or more");
                return {};
            }
        }
        std::string root_section;
        while (!waiting.empty()) {
            const Start start = waiting.back();
            waiting.pop_back();
            const Point& first = points_[start.first];
            const std::int64_t type = first.type;
            SwcSection made{{}, region_of(type)};
            CableSection& s = made.section;
            s.name = name_for(made.region);
            if (!root_made) {
                root_made = true;
                root_section = s.name;
            } else if (start.parent.empty()) {
                s.parent = root_section;
                s.parent_at = 0.0;
            } else {
                s.parent = start.parent;
                s.parent_at = start.parent_at;
            }
            std::vector<std::size_t> path{start.first};
            const auto goes_on = [&](const Point& p) {
                return p.children.size() == 1 && points_[p.children[0]].type == type;
            };
            while (goes_on(points_[path.back()]))
                path.push_back(points_[path.back()].children[0]);
            const Point& branch = points_[first.from];
            double length = 0.0;
            if (!start.own_begin || path.size() == 1) // a neurite of one point takes its own thickness from the soma on
                s.points.push_back({0.0, 2.0 * (start.own_begin || branch.type != type ? first : branch).radius});
            const Point* before = s.points.empty() ? nullptr : &branch;
            for (const std::size_t i : path) {
                const double step = before == nullptr ? 0.0 : distance(*before, points_[i]);
                length += step;
                before = &points_[i];
                if (!s.points.empty() && !(step > 0.0)) { // the same place again: the later diameter holds
                    s.points.back().diameter = 2.0 * points_[i].radius;
                    continue;
                }
                s.points.push_back({length, 2.0 * points_[i].radius});
            }
            if (s.points.size() < 2) {
                fail(points_[path.back()].line, 1,
                     fmt::format("the branch that ends with point {} has no length", points_[path.back()].id),
                     "remove points that coincide with their parent");
                return {};
            }
            const std::string name = s.name;
            sections.push_back(std::move(made));
            push(path.back(), name, 1.0, false);
        }
        return sections;
    }

    std::string file_;
    SwcAsked asked_;
    std::vector<Diagnostic>& errors_;
    std::size_t first_error_;
    std::vector<Point> points_;
    std::unordered_map<std::int64_t, std::size_t> number_; ///< of the point with an id
    std::size_t root_ = 0;
    std::uint64_t announced_ = 0;
    std::uint32_t announced_line_ = 0;
    std::map<std::string, int> counts_;
};

} // namespace

std::vector<SwcSection> read_swc(const std::string& file, const SwcAsked& asked, std::vector<Diagnostic>& errors) {
    return SwcFile(file, asked, errors).sections();
}

} // namespace spikecast
