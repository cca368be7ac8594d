#include "partitioners/spinnaker/multilevel.hpp"

#include "partitioners/spinnaker/parallel.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace spikecast::mapping {

namespace {

struct Level {
    Hypergraph graph;
    Sites sites;
    std::vector<std::uint32_t> parent; ///< by cluster of the next finer graph
};

/// Edges of more pins say little about any two of them; this many keep the sum of squares within bounds.
std::size_t largest_scored_edge(const Hypergraph& h) {
    constexpr double most_work = 1e8;
    for (const std::size_t most : {std::size_t{1024}, std::size_t{256}, std::size_t{64}, std::size_t{16}}) {
        double work = 0.0;
        for (std::size_t e = 0; e < h.edge_count(); ++e)
            if (const std::size_t p = h.pins_of(e).size(); p <= most)
                work += static_cast<double>(p) * static_cast<double>(p);
        if (work <= most_work) return most;
    }
    return 8;
}

/// Merges each cluster with the neighbour that it shares most with, until `wanted` are left or nothing more fits.
std::vector<std::uint32_t> merge(const Hypergraph& h, std::size_t wanted, Room limit, Key key) {
    const auto n = static_cast<std::uint32_t>(h.clusters());
    std::vector<std::uint32_t> group(n);
    std::iota(group.begin(), group.end(), 0U);
    std::vector<std::uint32_t> cores = h.cores;
    std::vector<std::uint64_t> sdram = h.sdram;
    const auto find = [&](std::uint32_t c) {
        while (group[c] != c)
            c = group[c] = group[group[c]];
        return c;
    };
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    for (std::uint32_t i = n; i > 1; --i)
        std::swap(order[i - 1], order[std::uint64_t{draw32(key, 0, i)} * i >> 32]);

    const std::size_t most_pins = largest_scored_edge(h);
    std::vector<double> score(n, 0.0);
    std::vector<std::uint32_t> seen;
    std::vector<char> full(n, 0);
    std::size_t left = n;
    for (const std::uint32_t c : order) {
        if (left <= wanted) break;
        const std::uint32_t own = find(c);
        if (own != c || cores[own] > h.cores[c]) continue; // it has been merged already
        seen.clear();
        for (const std::uint32_t e : h.edges_of(c)) {
            const auto pins = h.pins_of(e);
            if (pins.size() > most_pins) continue;
            const double s = h.weight[e] / static_cast<double>(pins.size() - 1);
            for (const std::uint32_t p : pins) {
                const std::uint32_t g = find(p);
                if (g == own) continue;
                if (score[g] == 0.0) seen.push_back(g);
                score[g] += s;
            }
        }
        std::uint32_t best = n;
        double best_score = 0.0;
        for (const std::uint32_t g : seen) {
            // Small partners first: groups of like sizes pack well.
            const double s = score[g] / (static_cast<double>(cores[g]) + cores[own]);
            if (s > best_score && cores[g] + cores[own] <= limit.cores && sdram[g] + sdram[own] <= limit.sdram) {
                best = g;
                best_score = s;
            }
            score[g] = 0.0;
        }
        if (best == n) continue;
        group[own] = best;
        cores[best] += cores[own];
        sdram[best] += sdram[own];
        --left;
    }
    std::vector<std::uint32_t> number(n, 0), parent(n);
    std::uint32_t next = 0;
    for (std::uint32_t c = 0; c < n; ++c)
        if (find(c) == c) number[c] = next++;
    for (std::uint32_t c = 0; c < n; ++c)
        parent[c] = number[find(c)];
    return parent;
}

Hypergraph coarse_graph(const Hypergraph& h, const std::vector<std::uint32_t>& parent) {
    Hypergraph coarse;
    const std::uint32_t n = parent.empty() ? 0 : *std::max_element(parent.begin(), parent.end()) + 1;
    coarse.cores.assign(n, 0);
    coarse.sdram.assign(n, 0);
    for (std::size_t c = 0; c < parent.size(); ++c) {
        coarse.cores[parent[c]] += h.cores[c];
        coarse.sdram[parent[c]] += h.sdram[c];
    }
    EdgeMerger merger(coarse);
    std::vector<std::uint32_t> pins;
    for (std::size_t e = 0; e < h.edge_count(); ++e) {
        pins.clear();
        for (const std::uint32_t p : h.pins_of(e))
            pins.push_back(parent[p]);
        merger.add(pins, h.weight[e]);
    }
    coarse.index();
    return coarse;
}

/// Rooms of squares of sites, made larger by a factor: groups of vertices pack less densely than vertices do.
Sites coarse_sites(const Sites& fine, double factor) {
    Sites s;
    s.wraps = fine.wraps;
    s.diagonal = fine.diagonal;
    s.set_size((fine.width + 1) / 2, (fine.height + 1) / 2);
    for (int y = 0; y < fine.height; ++y)
        for (int x = 0; x < fine.width; ++x) {
            const Room& r = fine.room[fine.index(fine.id(x, y))];
            Room& sum = s.room[s.index(s.id(x / 2, y / 2))];
            sum.cores += r.cores;
            sum.sdram += r.sdram;
        }
    if (factor > 1.0)
        for (Room& r : s.room) {
            r.cores += static_cast<std::uint32_t>(std::ceil((factor - 1.0) * r.cores));
            r.sdram += static_cast<std::uint64_t>(std::ceil((factor - 1.0) * static_cast<double>(r.sdram)));
        }
    return s;
}

/// Sites of the plane by distance from one, near ones first, as vectors.
std::vector<std::pair<int, int>> spiral(const Sites& s) {
    std::vector<std::pair<int, int>> steps;
    for (int y = 1 - s.height; y < s.height; ++y)
        for (int x = 1 - s.width; x < s.width; ++x)
            steps.emplace_back(x, y);
    std::stable_sort(steps.begin(), steps.end(), [&](const auto& a, const auto& b) {
        return s.norm(a.first, a.second) < s.norm(b.first, b.second);
    });
    return steps;
}

/// Puts the clusters of a finer level into the sites below their parents', each on the side to which its edges pull it.
std::vector<SiteId> refine(const Hypergraph& h, const Sites& sites, const Sites& coarse,
                           const std::vector<std::uint32_t>& parent, const std::vector<SiteId>& parent_position) {
    const auto n = static_cast<std::uint32_t>(h.clusters());
    std::vector<float> pull_x(n, 0.0F), pull_y(n, 0.0F);
    for (std::size_t e = 0; e < h.edge_count(); ++e) {
        const auto pins = h.pins_of(e);
        double x = 0.0, y = 0.0;
        const SiteId origin = parent_position[parent[pins[0]]];
        const auto offset = [&](SiteId s) {
            int dx = coarse.x(s) - coarse.x(origin), dy = coarse.y(s) - coarse.y(origin);
            if (coarse.wraps) {
                if (2 * dx > coarse.width) dx -= coarse.width;
                if (2 * dx < -coarse.width) dx += coarse.width;
                if (2 * dy > coarse.height) dy -= coarse.height;
                if (2 * dy < -coarse.height) dy += coarse.height;
            }
            return std::pair<int, int>{dx, dy};
        };
        for (const std::uint32_t p : pins) {
            const auto [dx, dy] = offset(parent_position[parent[p]]);
            x += dx;
            y += dy;
        }
        const double count = static_cast<double>(pins.size());
        const double w = h.weight[e] / (count - 1.0);
        for (const std::uint32_t p : pins) {
            const auto [dx, dy] = offset(parent_position[parent[p]]);
            pull_x[p] += static_cast<float>(w * (x - count * dx));
            pull_y[p] += static_cast<float>(w * (y - count * dy));
        }
    }
    // Large clusters first, those with a strong pull before those with a weak one; siblings together.
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    const auto strength = [&](std::uint32_t c) { return std::abs(pull_x[c]) + std::abs(pull_y[c]); };
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (h.cores[a] != h.cores[b]) return h.cores[a] > h.cores[b];
        return strength(a) > strength(b);
    });
    std::vector<Room> room = sites.room;
    std::vector<SiteId> position(n, no_site);
    std::vector<std::pair<int, int>> steps;
    for (const std::uint32_t c : order) {
        const SiteId s = parent_position[parent[c]];
        SiteId best = no_site;
        float best_score = 0.0F;
        for (int dy = 0; dy < 2; ++dy)
            for (int dx = 0; dx < 2; ++dx) {
                const int x = 2 * coarse.x(s) + dx, y = 2 * coarse.y(s) + dy;
                if (x >= sites.width || y >= sites.height) continue;
                const SiteId id = sites.id(x, y);
                if (!room[sites.index(id)].fits(h.cores[c], h.sdram[c])) continue;
                const float score = (dx == 0 ? -pull_x[c] : pull_x[c]) + (dy == 0 ? -pull_y[c] : pull_y[c]);
                if (best == no_site || score > best_score) {
                    best = id;
                    best_score = score;
                }
            }
        if (best == no_site) { // the squares' sum fitted, the parts don't: the nearest with room
            if (steps.empty()) steps = spiral(sites);
            for (const auto& [dx, dy] : steps) {
                int x = 2 * coarse.x(s) + dx, y = 2 * coarse.y(s) + dy;
                if (sites.wraps) {
                    x = (x + sites.width) % sites.width;
                    y = (y + sites.height) % sites.height;
                } else if (x < 0 || y < 0 || x >= sites.width || y >= sites.height) {
                    continue;
                }
                if (room[sites.index(sites.id(x, y))].fits(h.cores[c], h.sdram[c])) {
                    best = sites.id(x, y);
                    break;
                }
            }
            if (best == no_site) return {};
        }
        room[sites.index(best)].cores -= h.cores[c];
        room[sites.index(best)].sdram -= h.sdram[c];
        position[c] = best;
    }
    return position;
}

/// Sum of weight x (half the bounding box, roughly the tree), to compare solutions.
double boxes(const Hypergraph& h, const Sites& sites, const std::vector<SiteId>& position) {
    double sum = 0.0;
    for (std::size_t e = 0; e < h.edge_count(); ++e) {
        int x0 = sites.width, x1 = 0, y0 = sites.height, y1 = 0;
        for (const std::uint32_t p : h.pins_of(e)) {
            x0 = std::min(x0, sites.x(position[p]));
            x1 = std::max(x1, sites.x(position[p]));
            y0 = std::min(y0, sites.y(position[p]));
            y1 = std::max(y1, sites.y(position[p]));
        }
        sum += h.weight[e] * (x1 - x0 + y1 - y0);
    }
    return sum;
}

/// Lets edges draw their clusters together for a while, which gives each a place between the sites' grid lines, then
/// halves the plane and the clusters in the order of their places, again and again, until a half is one site. Makes
/// straight borders out of ragged ones where the graph has a geometry. For planes that are nearly full: clusters go
/// everywhere.
std::vector<SiteId> straighten(const Hypergraph& h, const Sites& sites, const std::vector<SiteId>& position,
                               int rounds) {
    struct Point {
        float x, y;
    };
    const auto n = static_cast<std::uint32_t>(h.clusters());
    std::vector<Point> at(n), sum(n);
    std::vector<float> weight(n);
    for (std::uint32_t c = 0; c < n; ++c)
        at[c] = {static_cast<float>(sites.x(position[c])), static_cast<float>(sites.y(position[c]))};
    for (int round = 0; round < rounds; ++round) {
        std::fill(sum.begin(), sum.end(), Point{0.0F, 0.0F});
        std::fill(weight.begin(), weight.end(), 0.0F);
        for (std::size_t e = 0; e < h.edge_count(); ++e) {
            const auto pins = h.pins_of(e);
            Point middle{0.0F, 0.0F};
            for (const std::uint32_t p : pins) {
                middle.x += at[p].x;
                middle.y += at[p].y;
            }
            const auto w = static_cast<float>(h.weight[e] / static_cast<double>(pins.size()));
            for (const std::uint32_t p : pins) {
                sum[p].x += w * middle.x;
                sum[p].y += w * middle.y;
                weight[p] += w * static_cast<float>(pins.size());
            }
        }
        for (std::uint32_t c = 0; c < n; ++c)
            if (weight[c] > 0.0F) at[c] = {sum[c].x / weight[c], sum[c].y / weight[c]};
    }

    // Room of rectangles from sums over the corner at the origin.
    const auto row = static_cast<std::size_t>(sites.width) + 1;
    std::vector<std::uint64_t> corner(row * (static_cast<std::size_t>(sites.height) + 1), 0);
    for (int y = 0; y < sites.height; ++y)
        for (int x = 0; x < sites.width; ++x) {
            const std::size_t i = (static_cast<std::size_t>(y) + 1) * row + static_cast<std::size_t>(x) + 1;
            corner[i] =
                corner[i - 1] + corner[i - row] - corner[i - row - 1] + sites.room[sites.index(sites.id(x, y))].cores;
        }
    struct Part {
        int x, y, w, h;
        std::uint32_t begin, end;
    };
    const auto room_of = [&](const Part& p) {
        const auto i = [&](int x, int y) { return static_cast<std::size_t>(y) * row + static_cast<std::size_t>(x); };
        return corner[i(p.x + p.w, p.y + p.h)] + corner[i(p.x, p.y)] - corner[i(p.x, p.y + p.h)] -
               corner[i(p.x + p.w, p.y)];
    };
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    std::vector<Room> room = sites.room;
    std::vector<SiteId> result(n, no_site);
    std::vector<std::uint32_t> over;
    std::vector<Part> parts{{0, 0, sites.width, sites.height, 0, n}};
    while (!parts.empty()) {
        const Part p = parts.back();
        parts.pop_back();
        if (p.begin == p.end) continue;
        if (p.w == 1 && p.h == 1) {
            Room& r = room[sites.index(sites.id(p.x, p.y))];
            for (std::uint32_t i = p.begin; i < p.end; ++i) {
                const std::uint32_t c = order[i];
                if (!r.fits(h.cores[c], h.sdram[c])) {
                    over.push_back(c);
                    continue;
                }
                r.cores -= h.cores[c];
                r.sdram -= h.sdram[c];
                result[c] = sites.id(p.x, p.y);
            }
            continue;
        }
        const bool across = p.w >= p.h;
        std::sort(order.begin() + p.begin, order.begin() + p.end, [&](std::uint32_t a, std::uint32_t b) {
            const float ka = across ? at[a].x : at[a].y, kb = across ? at[b].x : at[b].y;
            return ka != kb ? ka < kb : a < b;
        });
        Part low = p, high = p;
        if (across) {
            low.w = p.w / 2;
            high.x = p.x + low.w;
            high.w = p.w - low.w;
        } else {
            low.h = p.h / 2;
            high.y = p.y + low.h;
            high.h = p.h - low.h;
        }
        const std::uint64_t low_room = room_of(low), both = low_room + room_of(high);
        std::uint64_t cores = 0;
        for (std::uint32_t i = p.begin; i < p.end; ++i)
            cores += h.cores[order[i]];
        const std::uint64_t share = both == 0 ? 0 : (cores * low_room + both / 2) / both;
        std::uint64_t taken = 0;
        std::uint32_t middle = p.begin;
        while (middle < p.end && taken + h.cores[order[middle]] <= share)
            taken += h.cores[order[middle++]];
        low.end = high.begin = middle;
        parts.push_back(low);
        parts.push_back(high);
    }
    const auto steps = over.empty() ? std::vector<std::pair<int, int>>{} : spiral(sites);
    for (const std::uint32_t c : over)
        for (const auto& [dx, dy] : steps) {
            const int x = static_cast<int>(at[c].x) + dx, y = static_cast<int>(at[c].y) + dy;
            if (x < 0 || y < 0 || x >= sites.width || y >= sites.height) continue;
            Room& r = room[sites.index(sites.id(x, y))];
            if (!r.fits(h.cores[c], h.sdram[c])) continue;
            r.cores -= h.cores[c];
            r.sdram -= h.sdram[c];
            result[c] = sites.id(x, y);
            break;
        }
    return std::find(result.begin(), result.end(), no_site) == result.end() ? result : std::vector<SiteId>{};
}

/// Anneals windows of the plane at the same time, each with what lies outside held where it was when the pass began;
/// windows shift from pass to pass.
void anneal_windows(const Hypergraph& h, const Sites& sites, std::vector<SiteId>& position, const Schedule& whole,
                    Key key, std::uint64_t& stream, unsigned threads) {
    constexpr std::size_t per_window = 4000;
    constexpr int passes = 6;
    const auto n = static_cast<std::uint32_t>(h.clusters());
    const double density = static_cast<double>(n) / (static_cast<double>(sites.width) * sites.height);
    const int side = std::max(4, static_cast<int>(std::sqrt(static_cast<double>(per_window) / density)));
    for (int pass = 0; pass < passes; ++pass) {
        Schedule schedule = whole;
        const double ratio = whole.cold / whole.hot;
        schedule.hot = whole.hot * math::pow(ratio, static_cast<double>(pass) / passes);
        schedule.cold = whole.hot * math::pow(ratio, static_cast<double>(pass + 1) / passes);
        schedule.quench = pass + 1 == passes;
        // Halves of a window's side alternate in both directions.
        const int shift_x = (pass & 1) * side / 2, shift_y = ((pass >> 1) & 1) * side / 2 + (pass & 1) * side / 4;
        const int columns = (sites.width + shift_x + side - 1) / side,
                  rows = (sites.height + shift_y + side - 1) / side;
        const auto windows = static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows);
        const auto window_of = [&](SiteId s) {
            const int column = (sites.x(s) + shift_x) / side, row = (sites.y(s) + shift_y) / side;
            return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
        };
        std::vector<std::uint64_t> begin(windows + 1, 0);
        for (std::uint32_t c = 0; c < n; ++c)
            ++begin[window_of(position[c]) + 1];
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        std::vector<std::uint32_t> members(n);
        {
            std::vector<std::uint64_t> at(begin.begin(), begin.end() - 1);
            for (std::uint32_t c = 0; c < n; ++c)
                members[at[window_of(position[c])]++] = c;
        }
        std::vector<SiteId> after(n);
        const std::uint64_t first_stream = stream;
        stream += windows;
        in_pieces(windows, threads, [&] {
            return [&, local = std::vector<std::uint32_t>(n, 0),
                    edge_seen = std::vector<std::size_t>(h.edge_count(), windows)](std::size_t window) mutable {
                const std::size_t count = begin[window + 1] - begin[window];
                if (count == 0) return;
                const std::uint32_t* const own = members.data() + begin[window];
                Hypergraph part;
                std::vector<SiteId> at;
                for (std::uint32_t i = 0; i < count; ++i) {
                    local[own[i]] = i;
                    part.cores.push_back(h.cores[own[i]]);
                    part.sdram.push_back(h.sdram[own[i]]);
                    at.push_back(position[own[i]]);
                }
                std::vector<SiteId> outside;
                for (std::uint32_t i = 0; i < count; ++i)
                    for (const std::uint32_t e : h.edges_of(own[i])) {
                        if (edge_seen[e] == window) continue;
                        edge_seen[e] = window;
                        outside.clear();
                        for (const std::uint32_t p : h.pins_of(e)) {
                            if (window_of(position[p]) == window)
                                part.pins.push_back(local[p]);
                            else
                                outside.push_back(position[p]);
                        }
                        std::sort(outside.begin(), outside.end());
                        outside.erase(std::unique(outside.begin(), outside.end()), outside.end());
                        for (const SiteId s : outside) { // stands for all pins on that site
                            part.pins.push_back(static_cast<std::uint32_t>(at.size()));
                            at.push_back(s);
                            part.cores.push_back(0);
                            part.sdram.push_back(0);
                        }
                        part.pins_begin.push_back(part.pins.size());
                        part.weight.push_back(h.weight[e]);
                    }
                part.index();
                Sites view;
                view.width = sites.width;
                view.height = sites.height;
                view.shift = sites.shift;
                view.wraps = sites.wraps;
                view.diagonal = sites.diagonal;
                const int column = static_cast<int>(window) % columns, row = static_cast<int>(window) / columns;
                view.x0 = std::max(0, column * side - shift_x);
                view.y0 = std::max(0, row * side - shift_y);
                view.w = std::min(sites.width, (column + 1) * side - shift_x) - view.x0;
                view.h = std::min(sites.height, (row + 1) * side - shift_y) - view.y0;
                for (int y = view.y0; y < view.y0 + view.h; ++y)
                    for (int x = view.x0; x < view.x0 + view.w; ++x)
                        view.room.push_back(sites.room[sites.index(sites.id(x, y))]);
                Annealer annealer(part, count, view, std::move(at));
                Schedule s = schedule;
                s.moves = whole.moves / passes * count / n;
                annealer.run(s, key, first_stream + window);
                for (std::uint32_t i = 0; i < count; ++i)
                    after[own[i]] = annealer.position()[i];
            };
        });
        position = std::move(after);
    }
}

/// Empty where packing fails on the way down.
std::vector<SiteId> descend(const Hypergraph& h, const Sites& sites, const std::vector<SiteId>& start, double effort,
                            Key key, unsigned threads, bool with_levels) {
    constexpr std::size_t few_clusters = 150; // that annealing alone arranges well
    constexpr int few_sites = 4;              // a side
    constexpr std::size_t one_window = 20000; // clusters that are annealed as a whole
    constexpr double per_cluster_ns = 60000;  // roughly, of annealing
    std::vector<Level> levels;                // from fine to coarse, without the finest
    double cores = 0.0, room = 0.0, sdram = 0.0, sdram_room = 0.0;
    for (std::size_t c = 0; c < h.clusters(); ++c) {
        cores += h.cores[c];
        sdram += static_cast<double>(h.sdram[c]);
    }
    for (const Room& r : sites.room) {
        room += r.cores;
        sdram_room += static_cast<double>(r.sdram);
    }
    // As if nine tenths of the coarse sites were taken, where more are.
    const double factor = std::max({1.0, cores / (0.9 * room), sdram_room > 0.0 ? sdram / (0.9 * sdram_room) : 1.0});
    const bool full = cores > 0.8 * room;
    const auto graph_at = [&](std::size_t level) -> const Hypergraph& {
        return level == 0 ? h : levels[level - 1].graph;
    };
    const auto sites_at = [&](std::size_t level) -> const Sites& {
        return level == 0 ? sites : levels[level - 1].sites;
    };
    while (with_levels) {
        const Hypergraph& fine = graph_at(levels.size());
        const Sites& fine_sites = sites_at(levels.size());
        if (fine.clusters() <= few_clusters || std::min(fine_sites.width, fine_sites.height) < 2 * few_sites) break;
        Level next;
        next.sites = coarse_sites(fine_sites, levels.empty() ? factor : 1.0);
        if (full) next.sites.wraps = false;
        Room limit;
        for (const Room& r : next.sites.room) {
            limit.cores = std::max(limit.cores, r.cores / 6);
            limit.sdram = std::max(limit.sdram, r.sdram / 6);
        }
        std::vector<std::uint32_t> parent(fine.clusters());
        std::iota(parent.begin(), parent.end(), 0U);
        Hypergraph graph = fine;
        const std::size_t wanted = fine.clusters() / 4;
        for (std::uint64_t pass = 0; graph.clusters() > wanted && pass < 6; ++pass) {
            const std::vector<std::uint32_t> up =
                merge(graph, wanted, limit, Key{mix64(key.value + 64 * levels.size() + pass + 1)});
            const std::size_t before = graph.clusters();
            graph = coarse_graph(graph, up);
            for (std::uint32_t& p : parent)
                p = up[p];
            if (graph.clusters() * 20 > before * 19) break;
        }
        if (graph.clusters() * 3 > fine.clusters() * 2) break; // its clusters don't merge
        next.graph = std::move(graph);
        next.parent = std::move(parent);
        levels.push_back(std::move(next));
    }

    std::vector<SiteId> position;
    std::uint64_t stream = 0;
    for (std::size_t level = levels.size() + 1; level-- > 0;) {
        const Hypergraph& graph = graph_at(level);
        Sites plane = sites_at(level);
        bool straightened = false;
        if (level == levels.size()) {
            if (level == 0) {
                position = start;
            } else {
                // Along the start's way: where the first vertex of each cluster lies there.
                std::vector<std::uint32_t> top(h.clusters());
                std::iota(top.begin(), top.end(), 0U);
                for (const Level& l : levels)
                    for (std::uint32_t& t : top)
                        t = l.parent[t];
                std::vector<SiteId> wish(graph.clusters(), no_site);
                for (std::uint32_t c = 0; c < h.clusters(); ++c)
                    if (wish[top[c]] == no_site)
                        wish[top[c]] = plane.id(sites.x(start[c]) >> level, sites.y(start[c]) >> level);
                std::vector<std::uint32_t> order(graph.clusters());
                std::iota(order.begin(), order.end(), 0U);
                std::stable_sort(order.begin(), order.end(),
                                 [&](std::uint32_t a, std::uint32_t b) { return graph.cores[a] > graph.cores[b]; });
                std::vector<Room> left = plane.room;
                const auto steps = spiral(plane);
                position.assign(graph.clusters(), no_site);
                for (const std::uint32_t c : order) {
                    for (const auto& [dx, dy] : steps) {
                        const int x = plane.x(wish[c]) + dx, y = plane.y(wish[c]) + dy;
                        if (x < 0 || y < 0 || x >= plane.width || y >= plane.height) continue;
                        Room& r = left[plane.index(plane.id(x, y))];
                        if (!r.fits(graph.cores[c], graph.sdram[c])) continue;
                        r.cores -= graph.cores[c];
                        r.sdram -= graph.sdram[c];
                        position[c] = plane.id(x, y);
                        break;
                    }
                    if (position[c] == no_site) return {};
                }
            }
        } else {
            position = refine(graph, plane, sites_at(level + 1), levels[level].parent, position);
            if (position.empty()) return {};
            if (full) {
                // Long smoothing repairs the large shapes and blurs small ones, short smoothing the other way round.
                const int cycles = graph.clusters() <= one_window ? 8 : 1;
                double best = boxes(graph, plane, position);
                for (int cycle = 0; cycle < cycles; ++cycle) {
                    const double before = best;
                    for (const int rounds : {64, 4, 16, 4, cycle % 2 == 0 ? 8 : 256, 16, 4}) {
                        std::vector<SiteId> straight = straighten(graph, plane, position, rounds);
                        if (straight.empty()) continue;
                        const double length = boxes(graph, plane, straight);
                        if (length < best) {
                            best = length;
                            position = std::move(straight);
                            straightened = true;
                        }
                    }
                    if (best > 0.999 * before && cycle % 2 == 1) break;
                }
            }
        }
        const bool coarsest = level == levels.size();
        const double n = static_cast<double>(graph.clusters());
        Schedule schedule;
        schedule.hot = coarsest ? 0.3 : straightened ? 0.004 : 0.05;
        schedule.cold = straightened && !coarsest ? 0.1 * schedule.hot : 0.003;
        if (graph.clusters() <= one_window) {
            if (plane.table.empty()) plane.tabulate();
            Annealer annealer(graph, graph.clusters(), plane, position);
            const double before = annealer.cost();
            const double per_cluster = straightened
                                           ? 60.0
                                           : std::clamp(per_cluster_ns / (60.0 + 0.6 * annealer.work_per_move()),
                                                        graph.clusters() <= 1000 ? 250.0 : 60.0, 600.0);
            schedule.moves =
                static_cast<std::uint64_t>(effort * per_cluster * n * (coarsest && levels.size() > 1 ? 10.0 : 1.0));
            // Graphs whose every net has hundreds of chips get what time allows.
            constexpr double most_ns = 3e9;
            schedule.moves = std::min(
                schedule.moves, static_cast<std::uint64_t>(effort * most_ns / (60.0 + 0.6 * annealer.work_per_move())));
            if (!coarsest) schedule.radius = 3;
            annealer.run(schedule, key, stream++);
            if (annealer.cost() < before) position = annealer.position();
        } else {
            schedule.radius = 3;
            schedule.moves = static_cast<std::uint64_t>(effort * (straightened ? 20.0 : 60.0) * n);
            anneal_windows(graph, plane, position, schedule, key, stream, threads);
        }
    }
    return position;
}

} // namespace

std::vector<SiteId> place_multilevel(const Hypergraph& h, const Sites& sites, const std::vector<SiteId>& start,
                                     double effort, Key key, unsigned threads) {
    Sites plane = sites;
    if (plane.table.empty()) plane.tabulate();
    // Where a chain is short, the better of two.
    constexpr std::size_t few_clusters = 5000;
    constexpr double light_move = 1000.0;
    const bool two =
        h.clusters() <= few_clusters && Annealer(h, h.clusters(), plane, start).work_per_move() < light_move;
    std::vector<std::vector<SiteId>> found(two ? 2 : 1);
    std::vector<double> cost(found.size(), 0.0);
    in_pieces(found.size(), threads, [&] {
        return [&](std::size_t chain) {
            const Key own{chain == 0 ? key.value : mix64(key.value + chain)};
            found[chain] = descend(h, plane, start, effort, own, two ? 1 : threads, true);
            if (found[chain].empty()) found[chain] = descend(h, plane, start, effort, own, two ? 1 : threads, false);
            cost[chain] = Annealer(h, h.clusters(), plane, found[chain]).cost();
        };
    });
    const std::size_t best = two && cost[1] < cost[0] ? 1 : 0;
    if (Annealer(h, h.clusters(), plane, start).cost() <= cost[best]) return start;
    return std::move(found[best]);
}

} // namespace spikecast::mapping
