#include "partitioners/spinnaker/picture.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace spikecast::mapping {

namespace {

constexpr double root3 = 1.7320508075688772;
constexpr int levels = 48; ///< shades; chips and links of one shade share a path, which keeps large machines small

/// Colours of equal steps in lightness (viridis, public domain), at equal distances.
constexpr std::array<std::array<int, 3>, 9> anchors{{{68, 1, 84},
                                                     {71, 44, 122},
                                                     {59, 81, 139},
                                                     {44, 113, 142},
                                                     {33, 144, 141},
                                                     {39, 173, 129},
                                                     {92, 200, 99},
                                                     {170, 220, 50},
                                                     {253, 231, 37}}};

std::string colour(double share) {
    const double at = std::clamp(share, 0.0, 1.0) * (anchors.size() - 1);
    const auto i = std::min(static_cast<std::size_t>(at), anchors.size() - 2);
    const double f = at - static_cast<double>(i);
    std::array<int, 3> c{};
    for (std::size_t k = 0; k < 3; ++k)
        c[k] = static_cast<int>(std::lround((1.0 - f) * anchors[i][k] + f * anchors[i + 1][k]));
    return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]);
}
int level_of(double share) {
    return std::clamp(static_cast<int>(share * levels), 0, levels - 1);
}
std::string level_colour(int level) {
    return colour((level + 0.5) / levels);
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

/// 1234567 -> "1.23 M"
std::string scaled(double value) {
    constexpr std::array<const char*, 5> prefixes{"", " k", " M", " G", " T"};
    std::size_t p = 0;
    while (std::abs(value) >= 1000.0 && p + 1 < prefixes.size()) {
        value /= 1000.0;
        ++p;
    }
    return fmt::format("{:.3g}{}", value, prefixes[p]);
}

struct Point {
    double x = 0.0, y = 0.0;
};

/// Where chips are drawn.
class ChipPicture {
public:
    ChipPicture(const Machine& machine, double width, double height) : machine_(machine) {
        double left = 1e300, right = -1e300, bottom = 1e300, top = -1e300;
        for (ChipId c = 0; c < machine.chips(); ++c) {
            if (!shown(c)) continue;
            const Point p = unit(c);
            left = std::min(left, p.x);
            right = std::max(right, p.x);
            bottom = std::min(bottom, p.y);
            top = std::max(top, p.y);
        }
        scale_ = std::min(width / (right - left + 1.1), height / (top - bottom + 1.25));
        offset_ = {0.5 * (width - (right + left) * scale_), 0.5 * (height + (top + bottom) * scale_)};
    }
    /// Chips beyond the toothed edge of a mesh of boards aren't there at all; dead ones inside are.
    [[nodiscard]] bool shown(ChipId c) const { return machine_.alive[c] != 0 || surrounded(c); }
    [[nodiscard]] Point at(ChipId c) const {
        const Point p = unit(c);
        return {offset_.x + scale_ * p.x, offset_.y - scale_ * p.y};
    }
    /// Distance of neighbouring chips.
    [[nodiscard]] double pitch() const { return scale_; }
    /// The middle of a side in units of half the pitch; y points down.
    [[nodiscard]] static Point side(int link) {
        constexpr std::array<Point, 6> sides{
            {{1.0, 0.0}, {0.5, -root3 / 2}, {-0.5, -root3 / 2}, {-1.0, 0.0}, {-0.5, root3 / 2}, {0.5, root3 / 2}}};
        return sides[static_cast<std::size_t>(link)];
    }
    /// The corner that ends the side of a link, going from east over north.
    [[nodiscard]] static Point corner(int link) {
        constexpr std::array<Point, 6> corners{{{1.0, -1.0 / root3},
                                                {0.0, -2.0 / root3},
                                                {-1.0, -1.0 / root3},
                                                {-1.0, 1.0 / root3},
                                                {0.0, 2.0 / root3},
                                                {1.0, 1.0 / root3}}};
        return corners[static_cast<std::size_t>(link % 6)];
    }

private:
    [[nodiscard]] Point unit(ChipId c) const {
        return {machine_.x(c) - 0.5 * machine_.y(c), root3 / 2 * machine_.y(c)};
    }
    [[nodiscard]] bool surrounded(ChipId c) const {
        int alive = 0;
        for (int l = 0; l < link_count; ++l) {
            const ChipId n = machine_.neighbour(c, l);
            alive += n != no_chip && machine_.alive[n] != 0 ? 1 : 0;
        }
        return alive >= 4;
    }
    const Machine& machine_;
    double scale_ = 1.0;
    Point offset_;
};

void hexagon(std::string& path, const ChipPicture& grid, ChipId c, double size) {
    const Point p = grid.at(c);
    const double r = 0.5 * grid.pitch() * size;
    for (int k = 0; k < 6; ++k) {
        const Point corner = ChipPicture::corner(k);
        path += fmt::format("{}{:.1f} {:.1f}", k == 0 ? "M" : "L", p.x + r * corner.x, p.y + r * corner.y);
    }
    path += "Z";
}

constexpr double panel_width = 560.0, panel_height = 480.0, margin = 36.0, top_margin = 92.0, legend_height = 74.0;
constexpr const char* grey = "#d9d9de";

/// A panel's title, its scale, and what is drawn in it.
class Panel {
public:
    Panel(std::string& out, int number, const std::string& title, const std::string& highest)
        : out_(out), left_(margin + number * (panel_width + margin)) {
        out_ += fmt::format("<g transform=\"translate({:.1f} {:.1f})\">\n", left_, top_margin);
        out_ += fmt::format("<text x=\"{:.1f}\" y=\"0\" class=\"panel\">{}</text>\n", panel_width / 2, escaped(title));
        // the scale
        const double y = panel_height + 34.0, w = panel_width * 0.6, x = panel_width * 0.2;
        for (int l = 0; l < levels; ++l)
            out_ += fmt::format("<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"10\" fill=\"{}\"/>\n",
                                x + w * l / levels, y, w / levels + 0.3, level_colour(l));
        out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"scale\" text-anchor=\"end\">0</text>\n", x - 8,
                            y + 10);
        out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"scale\">{}</text>\n", x + w + 8, y + 10,
                            escaped(highest));
        out_ += "<g transform=\"translate(0 16)\">\n";
    }
    ~Panel() { out_ += "</g>\n</g>\n"; }
    Panel(const Panel&) = delete;
    Panel& operator=(const Panel&) = delete;

    void fill(const std::string& path, const std::string& with) {
        if (!path.empty()) out_ += fmt::format("<path d=\"{}\" fill=\"{}\"/>\n", path, with);
    }
    void stroke(const std::string& path, const std::string& with, double width, const char* cap = "butt") {
        if (!path.empty())
            out_ += fmt::format("<path d=\"{}\" stroke=\"{}\" stroke-width=\"{:.2f}\" stroke-linecap=\"{}\" "
                                "fill=\"none\"/>\n",
                                path, with, width, cap);
    }

private:
    std::string& out_;
    double left_;
};

void chips_by_share(Panel& panel, const Machine& machine, const ChipPicture& grid,
                    const std::function<double(ChipId)>& share) {
    std::array<std::string, levels> paths;
    std::string dead, empty;
    for (ChipId c = 0; c < machine.chips(); ++c) {
        if (!grid.shown(c)) continue;
        if (machine.alive[c] == 0) {
            hexagon(dead, grid, c, 0.93);
            continue;
        }
        const double s = share(c);
        hexagon(s > 0.0 ? paths[static_cast<std::size_t>(level_of(s))] : empty, grid, c, 0.93);
    }
    panel.fill(dead, grey);
    panel.stroke(empty, "#c9c9d4", std::max(0.3, 0.03 * grid.pitch()));
    for (int l = 0; l < levels; ++l)
        panel.fill(paths[static_cast<std::size_t>(l)], level_colour(l));
}

/// The seams between boards.
void board_edges(Panel& panel, const Machine& machine, const ChipPicture& grid, const char* with) {
    std::string path;
    for (ChipId c = 0; c < machine.chips(); ++c) {
        if (machine.alive[c] == 0) continue;
        const Point p = grid.at(c);
        const double r = 0.5 * grid.pitch();
        for (int l = 0; l < 3; ++l) { // each seam from one side
            const ChipId n = machine.neighbour(c, l);
            if (n == no_chip || machine.alive[n] == 0 || machine.board[n] == machine.board[c]) continue;
            const Point q = grid.at(n);
            if (std::abs(q.x - p.x) > 2 * grid.pitch() || std::abs(q.y - p.y) > 2 * grid.pitch()) continue; // wraps
            const Point a = ChipPicture::corner(l + 5), b = ChipPicture::corner(l);
            path +=
                fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", p.x + r * a.x, p.y + r * a.y, p.x + r * b.x, p.y + r * b.y);
        }
    }
    panel.stroke(path, with, std::max(0.6, 0.07 * grid.pitch()), "round");
}

} // namespace

std::string picture(const MachineGraph& graph, const Machine& machine, const Placement& placement,
                    const std::vector<double>& loads, const Tables& tables, const PictureText& text) {
    const double width = 3 * panel_width + 4 * margin, height = top_margin + panel_height + legend_height;
    std::string out =
        fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
                    "height=\"{1:.0f}\">\n"
                    "<style>text{{font-family:'DejaVu Sans','Helvetica Neue',Arial,sans-serif;fill:#22223b}}"
                    ".title{{font-size:24px;font-weight:bold}}.sub{{font-size:14px;fill:#55556b}}"
                    ".panel{{font-size:17px;text-anchor:middle}}.scale{{font-size:12px}}</style>\n"
                    "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>\n",
                    width, height);
    out += fmt::format("<text x=\"{:.0f}\" y=\"36\" class=\"title\">{}</text>\n", margin, escaped(text.title));
    out += fmt::format("<text x=\"{:.0f}\" y=\"58\" class=\"sub\">{}</text>\n", margin, escaped(text.subtitle));

    const ChipPicture grid(machine, panel_width, panel_height);
    std::vector<double> cores(machine.chips(), 0.0);
    for (std::size_t v = 0; v < graph.vertices.size(); ++v)
        cores[placement.chip[v]] += graph.vertices[v].cores;
    std::uint16_t most_cores = 0;
    for (const ChipResources& r : machine.resources)
        most_cores = std::max(most_cores, r.cores);
    {
        Panel panel(out, 0, "Cores in use", fmt::format("{} a chip", most_cores));
        chips_by_share(panel, machine, grid, [&](ChipId c) { return cores[c] / std::max<double>(1.0, most_cores); });
        board_edges(panel, machine, grid, "#22223b");
    }
    {
        const double most = loads.empty() ? 0.0 : *std::max_element(loads.begin(), loads.end());
        Panel panel(out, 1, "Load of links", fmt::format("{} {}", scaled(most), text.load_unit));
        std::string chips, dead, dead_links;
        std::array<std::string, levels> paths;
        for (ChipId c = 0; c < machine.chips(); ++c) {
            if (!grid.shown(c)) continue;
            hexagon(machine.alive[c] != 0 ? chips : dead, grid, c, 0.97);
            if (machine.alive[c] == 0) continue;
            const Point p = grid.at(c);
            const double r = 0.5 * grid.pitch();
            for (int l = 0; l < link_count; ++l) {
                // A link and the one that comes back lie side by side, each in the half that leaves its chip.
                const Point s = ChipPicture::side(l);
                const double shift = 0.17;
                const Point from{p.x + r * (0.22 * s.x - shift * s.y), p.y + r * (0.22 * s.y + shift * s.x)};
                const Point to{p.x + r * (1.62 * s.x - shift * s.y), p.y + r * (1.62 * s.y + shift * s.x)};
                const Point half{p.x + r * (0.95 * s.x - shift * s.y), p.y + r * (0.95 * s.y + shift * s.x)};
                const ChipId n = machine.neighbour(c, l);
                if (!machine.has_link(c, l)) {
                    if (n != no_chip && machine.alive[n] != 0)
                        dead_links += fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", from.x, from.y, half.x, half.y);
                    continue;
                }
                const double load = loads.empty() ? 0.0 : loads[6 * std::size_t{c} + static_cast<std::size_t>(l)];
                if (!(load > 0.0)) continue;
                const Point q = grid.at(n);
                const bool wraps = std::abs(q.x - p.x) > 2 * grid.pitch() || std::abs(q.y - p.y) > 2 * grid.pitch();
                const Point end = wraps ? half : to;
                paths[static_cast<std::size_t>(level_of(load / most))] +=
                    fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", from.x, from.y, end.x, end.y);
            }
        }
        panel.fill(chips, "#f1f1f5");
        panel.fill(dead, grey);
        panel.stroke(dead_links, "#e07a5f", 0.10 * grid.pitch());
        board_edges(panel, machine, grid, "#b5b5c4");
        for (int l = 0; l < levels; ++l)
            panel.stroke(paths[static_cast<std::size_t>(l)], level_colour(l),
                         grid.pitch() * (0.05 + 0.10 * (l + 0.5) / levels));
    }
    {
        const bool any = !tables.empty();
        std::size_t most = 0;
        std::uint32_t entries = 0;
        for (std::size_t c = 0; c < tables.size(); ++c)
            most = std::max(most, tables[c].size());
        for (const ChipResources& r : machine.resources)
            entries = std::max(entries, r.router_entries);
        const double full = std::max<double>(1.0, static_cast<double>(most));
        Panel panel(out, 2, fmt::format("Router entries (of {} in a router)", entries), fmt::format("{}", most));
        chips_by_share(panel, machine, grid,
                       [&](ChipId c) { return any ? static_cast<double>(tables[c].size()) / full : 0.0; });
        board_edges(panel, machine, grid, "#22223b");
    }
    out += "</svg>\n";
    return out;
}

} // namespace spikecast::mapping
