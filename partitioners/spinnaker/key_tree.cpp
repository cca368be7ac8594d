#include "partitioners/spinnaker/key_tree.hpp"

#include "spikecast/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

namespace spikecast::mapping {

namespace {

/// Whether a table need not have an entry for it.
bool is_straight(const TreeNode& node) {
    return node.route.empty() || (node.link < link_count && node.route == Route::link(node.link));
}

std::uint64_t spread(std::uint64_t x) {
    std::uint64_t r = 0;
    for (unsigned b = 0; b < 16; ++b)
        r |= (x >> b & 1) << (2 * b);
    return r;
}

} // namespace

std::uint64_t node_hash(const TreeNode& node) noexcept {
    std::uint64_t h = mix64(0x9e3779b97f4a7c15ULL * (std::uint64_t{node.chip} * 2 + (is_straight(node) ? 1 : 0) + 1));
    for (const std::uint64_t w : node.route.words)
        h = mix64(h ^ (w + 0x9e3779b97f4a7c15ULL));
    return h;
}

KeyTree::State KeyTree::join(const State& a, const State& b) {
    if (a.routes == 0) return b;
    if (b.routes == 0) return a;
    State s{a.routes & b.routes, a.cost + b.cost, a.null_cost + b.null_cost};
    if (s.routes == 0) {
        s.routes = a.routes | b.routes;
        ++s.cost;
    }
    s.null_cost = std::min(s.null_cost, s.cost + 1);
    return s;
}

KeyTree::KeyTree(const MachineGraph& graph, const Machine& machine, const Placement& placement, const Routing& routing,
                 const std::vector<std::uint64_t>& begin, const std::vector<std::uint32_t>& nets,
                 const std::vector<unsigned>& bits)
    : bits_(bits) {
    const std::size_t bundles = bits.size();
    // Routes of a chip by frequency; the commonest have a bit of their own.
    struct Visit {
        ChipId chip;
        std::uint32_t bundle;
        std::uint64_t node;
    };
    std::vector<Visit> visits;
    for (std::uint32_t b = 0; b < bundles; ++b) {
        const std::uint32_t net = nets[begin[b]];
        for (std::uint64_t i = routing.begin[net]; i < routing.begin[net + 1]; ++i)
            visits.push_back({routing.nodes[i].chip, b, i});
    }
    std::sort(visits.begin(), visits.end(),
              [](const Visit& a, const Visit& b) { return a.chip != b.chip ? a.chip < b.chip : a.bundle < b.bundle; });
    uses_begin_.assign(bundles + 1, 0);
    for (const Visit& v : visits)
        ++uses_begin_[v.bundle + 1];
    std::partial_sum(uses_begin_.begin(), uses_begin_.end(), uses_begin_.begin());
    uses_.resize(visits.size());
    std::vector<std::uint64_t> next(uses_begin_.begin(), uses_begin_.end() - 1);
    for (std::size_t i = 0; i < visits.size();) {
        std::size_t j = i;
        std::map<Route, std::pair<std::size_t, bool>> count; // and whether an entry is needed
        const auto straight = [&](const Visit& v) { return is_straight(routing.nodes[v.node]); };
        for (; j < visits.size() && visits[j].chip == visits[i].chip; ++j) {
            auto& c = count[routing.nodes[visits[j].node].route];
            ++c.first;
            c.second = c.second || !straight(visits[j]);
        }
        std::vector<std::pair<std::size_t, Route>> common;
        std::uint32_t floor = 0;
        for (const auto& [route, c] : count) {
            common.emplace_back(c.first, route);
            floor += c.second ? 1 : 0;
        }
        std::stable_sort(common.begin(), common.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
        std::map<Route, std::uint64_t> bit;
        for (std::size_t k = 0; k < common.size(); ++k)
            bit[common[k].second] = std::uint64_t{1} << (k < 64 ? k : 32 + k % 32);
        for (std::size_t k = i; k < j; ++k)
            uses_[next[visits[k].bundle]++] = {
                chips_, {bit[routing.nodes[visits[k].node].route], 0, straight(visits[k]) ? 0U : 1U}};
        floor_.push_back(floor);
        ++chips_;
        i = j;
    }
    for (std::uint32_t b = 0; b < bundles; ++b) {
        const std::uint32_t net = nets[begin[b]];
        group_.push_back(graph.group.empty() ? 0 : graph.group[net]);
        std::uint64_t h = 0;
        for (const std::uint32_t v : graph.sinks_of(net))
            h += mix64(0x9e3779b97f4a7c15ULL * (std::uint64_t{v} + 1));
        sinks_.push_back(h);
        const ChipId c = placement.chip[graph.source[net]];
        where_.push_back(spread(static_cast<std::uint64_t>(machine.x(c))) |
                         spread(static_cast<std::uint64_t>(machine.y(c))) << 1);
    }
}

std::vector<std::uint32_t> KeyTree::depth_first(const Shape& shape) {
    std::vector<std::uint32_t> order, stack;
    if (shape.root != none) stack.push_back(shape.root);
    while (!stack.empty()) {
        const std::uint32_t n = stack.back();
        stack.pop_back();
        order.push_back(n);
        if (shape.nodes[n].left != none) {
            stack.push_back(shape.nodes[n].right);
            stack.push_back(shape.nodes[n].left);
        }
    }
    return order;
}

/// A trie of codes. Equal ones, and everything where the trie would become too deep, is split in the middle.
KeyTree::Shape KeyTree::split(std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& code) const {
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return code[a] < code[b]; });
    Shape s;
    s.nodes.resize(bits_.size());
    std::uint64_t keys = 0; // in powers of two
    for (std::size_t b = 0; b < bits_.size(); ++b) {
        s.nodes[b].height = bits_[b];
        keys += std::uint64_t{1} << bits_[b];
    }
    std::vector<std::uint64_t> sum(order.size() + 1, 0);
    for (std::size_t i = 0; i < order.size(); ++i)
        sum[i + 1] = sum[i] + (std::uint64_t{1} << bits_[order[i]]);
    const auto build = [&](const auto& self, std::size_t begin, std::size_t end, unsigned depth) -> std::uint32_t {
        if (end - begin == 1) return order[begin];
        std::size_t middle = 0;
        const std::uint64_t differ = code[order[begin]] ^ code[order[end - 1]];
        const auto least = static_cast<unsigned>(std::bit_width(sum[end] - sum[begin] - 1));
        if (differ != 0 && depth + least + 3 < key_width) {
            const std::uint64_t bit = std::bit_floor(differ);
            middle =
                static_cast<std::size_t>(std::partition_point(order.begin() + static_cast<std::ptrdiff_t>(begin),
                                                              order.begin() + static_cast<std::ptrdiff_t>(end),
                                                              [&](std::uint32_t b) { return (code[b] & bit) == 0; }) -
                                         order.begin());
        } else {
            const std::uint64_t half = sum[begin] + (sum[end] - sum[begin]) / 2;
            middle =
                static_cast<std::size_t>(std::lower_bound(sum.begin() + static_cast<std::ptrdiff_t>(begin) + 1,
                                                          sum.begin() + static_cast<std::ptrdiff_t>(end) - 1, half) -
                                         sum.begin());
        }
        const std::uint32_t l = self(self, begin, middle, depth + 1), r = self(self, middle, end, depth + 1);
        const auto number = static_cast<std::uint32_t>(s.nodes.size());
        s.nodes.push_back({none, l, r, std::max(s.nodes[l].height, s.nodes[r].height) + 1});
        s.nodes[l].parent = s.nodes[r].parent = number;
        return number;
    };
    s.root = build(build, 0, order.size(), 0);
    return s;
}

/// Joins the two subtrees that agree at most chips, again and again, among neighbours: bundles that are close in one of
/// the orders, or that do the same at a chip one after the other. Subtrees keep lists of the chips that concern them.
/// How much deeper than need be a subtree may become grows as the pairs run out, so that lists are joined a few dozen
/// times at most.
KeyTree::Shape KeyTree::gather(const std::vector<std::vector<std::uint32_t>>& orders) const {
    struct Seen {
        std::uint32_t chip;
        std::uint64_t routes;
    };
    const auto bundles = static_cast<std::uint32_t>(bits_.size());
    const std::size_t most_near = uses_.size() < (std::size_t{1} << 21) ? 24 : 12;
    Shape s;
    s.nodes.resize(bundles);
    std::vector<std::vector<Seen>> seen(2 * std::size_t{bundles} - 1);
    std::vector<std::vector<std::uint32_t>> near(seen.size());
    std::vector<std::uint32_t> top(seen.size()); // towards the root of the subtree that holds it now
    std::vector<std::uint64_t> keys(seen.size());
    std::uint64_t all = 0;
    for (std::uint32_t b = 0; b < bundles; ++b) {
        s.nodes[b].height = bits_[b];
        all += keys[b] = std::uint64_t{1} << bits_[b];
        for (std::uint64_t u = uses_begin_[b]; u < uses_begin_[b + 1]; ++u)
            seen[b].push_back({uses_[u].chip, uses_[u].state.routes});
    }
    std::iota(top.begin(), top.end(), 0U);
    const auto root_of = [&](std::uint32_t n) {
        while (top[n] != n)
            n = top[n] = top[top[n]];
        return n;
    };

    for (const auto& order : orders)
        for (std::size_t i = 0; i < order.size(); ++i)
            for (std::size_t j = i + 1; j < std::min(i + 3, order.size()); ++j) {
                near[order[i]].push_back(order[j]);
                near[order[j]].push_back(order[i]);
            }
    {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> last(64 * std::size_t{chips_}, {none, 0});
        for (const std::uint32_t b : orders.front())
            for (const Seen& here : seen[b]) {
                auto& before = last[64 * std::size_t{here.chip} + static_cast<unsigned>(std::countr_zero(here.routes))];
                if (before.first != none) {
                    near[b].push_back(before.first);
                    near[before.first].push_back(b);
                }
                before.first = b;
            }
    }

    const auto score = [&](std::uint32_t a, std::uint32_t b) {
        const std::vector<Seen>& few = seen[a].size() < seen[b].size() ? seen[a] : seen[b];
        const std::vector<Seen>& many = seen[a].size() < seen[b].size() ? seen[b] : seen[a];
        std::int64_t v = 0;
        auto at = many.begin();
        const bool jumps = many.size() > 16 * few.size();
        for (const Seen& x : few) {
            if (jumps)
                at =
                    std::lower_bound(at, many.end(), x.chip, [](const Seen& y, std::uint32_t c) { return y.chip < c; });
            else
                while (at != many.end() && at->chip < x.chip)
                    ++at;
            if (at == many.end()) break;
            if (at->chip == x.chip) v += (at->routes & x.routes) != 0 ? 1 : -2;
        }
        return v * 64 - std::max(s.nodes[a].height, s.nodes[b].height);
    };
    struct Pair {
        std::int64_t score;
        std::uint32_t a, b;
        bool operator<(const Pair& o) const {
            return score != o.score ? score < o.score : a != o.a ? a > o.a : b > o.b;
        }
    };
    std::vector<Pair> heap, put_off, mine;
    /// Keeps the best neighbours of a subtree.
    const auto look_round = [&](std::uint32_t n) {
        std::vector<std::uint32_t>& list = near[n];
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
        mine.clear();
        for (const std::uint32_t m : list)
            if (m != n) mine.push_back({score(n, m), std::min(n, m), std::max(n, m)});
        if (mine.size() > most_near) {
            std::nth_element(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(most_near), mine.end(),
                             [](const Pair& x, const Pair& y) { return y < x; });
            mine.resize(most_near);
        }
        list.clear();
        for (const Pair& p : mine)
            list.push_back(p.a == n ? p.b : p.a);
        list.shrink_to_fit();
    };
    for (std::uint32_t b = 0; b < bundles; ++b) {
        look_round(b);
        heap.insert(heap.end(), mine.begin(), mine.end());
    }
    std::make_heap(heap.begin(), heap.end());

    const auto bits_for = [](std::uint64_t n) { return n <= 1 ? 0U : static_cast<unsigned>(std::bit_width(n - 1)); };
    // A bit is left for what no pair joins: so many it takes at most.
    const unsigned most_slack = key_width - std::min(key_width, bits_for(all) + 1);
    unsigned slack = std::min(6U, most_slack);
    std::uint32_t live = bundles;
    const auto merge = [&](std::uint32_t a, std::uint32_t b) {
        const auto n = static_cast<std::uint32_t>(s.nodes.size());
        s.nodes.push_back({none, a, b, std::max(s.nodes[a].height, s.nodes[b].height) + 1});
        s.nodes[a].parent = s.nodes[b].parent = n;
        top[a] = top[b] = n;
        keys[n] = keys[a] + keys[b];
        --live;
        return n;
    };
    for (;;) {
        if (heap.empty()) {
            if (slack >= most_slack) break;
            ++slack;
            std::erase_if(put_off, [&](const Pair& p) { return top[p.a] != p.a || top[p.b] != p.b; });
            if (put_off.empty()) break;
            heap.swap(put_off);
            std::make_heap(heap.begin(), heap.end());
        }
        std::pop_heap(heap.begin(), heap.end());
        const Pair p = heap.back();
        heap.pop_back();
        const std::uint32_t a = p.a, b = p.b;
        if (top[a] != a || top[b] != b) continue;
        if (std::max(s.nodes[a].height, s.nodes[b].height) + 1 > bits_for(keys[a] + keys[b]) + slack) {
            put_off.push_back(p);
            continue;
        }
        const std::uint32_t n = merge(a, b);
        std::vector<Seen>& joined = seen[n];
        joined.reserve(seen[a].size() + seen[b].size());
        auto x = seen[a].begin(), y = seen[b].begin();
        while (x != seen[a].end() || y != seen[b].end()) {
            if (y == seen[b].end() || (x != seen[a].end() && x->chip < y->chip)) {
                joined.push_back(*x++);
            } else if (x == seen[a].end() || y->chip < x->chip) {
                joined.push_back(*y++);
            } else {
                const std::uint64_t shared = x->routes & y->routes;
                joined.push_back({x->chip, shared != 0 ? shared : x->routes | y->routes});
                ++x, ++y;
            }
        }
        joined.shrink_to_fit();
        for (const std::uint32_t old : {a, b}) {
            for (const std::uint32_t m : near[old])
                near[n].push_back(root_of(m));
            near[old] = {};
            seen[old] = {};
        }
        look_round(n);
        for (const Pair& q : mine) {
            heap.push_back(q);
            std::push_heap(heap.begin(), heap.end());
        }
    }
    // What no pair joins: the lowest first, in the order of their first bundles.
    std::vector<std::array<std::uint32_t, 3>> rest; // height, place, node
    std::vector<bool> known(s.nodes.size(), false);
    for (const std::uint32_t b : orders.front()) {
        const std::uint32_t n = root_of(b);
        if (!known[n]) rest.push_back({s.nodes[n].height, static_cast<std::uint32_t>(rest.size()), n});
        known[n] = true;
    }
    const auto later = std::greater<>();
    std::make_heap(rest.begin(), rest.end(), later);
    const auto take = [&] {
        std::pop_heap(rest.begin(), rest.end(), later);
        const auto least = rest.back();
        rest.pop_back();
        return least;
    };
    while (rest.size() > 1) {
        const auto a = take(), b = take();
        const std::uint32_t n = merge(a[2], b[2]);
        rest.push_back({s.nodes[n].height, a[1], n});
        std::push_heap(rest.begin(), rest.end(), later);
    }
    s.root = rest.front()[2];
    return s;
}

double KeyTree::cost(const Shape& shape) const {
    // Each chip sees the leaves that concern it from the lowest key to the highest. Two neighbours part at the highest
    // bit in which they differ; subtrees below that bit are finished.
    struct Open {
        State state;
        unsigned bit; ///< at which it parts from the one before
    };
    std::vector<std::vector<Open>> open(chips_);
    std::vector<std::uint64_t> last(chips_, 0), first(bits_.size());
    codes(shape, first);
    const auto close = [](std::vector<Open>& stack) {
        const Open top = stack.back();
        stack.pop_back();
        stack.back().state = join(stack.back().state, top.state);
    };
    for (const std::uint32_t n : depth_first(shape)) {
        if (shape.nodes[n].left != none) continue;
        for (std::uint64_t u = uses_begin_[n]; u < uses_begin_[n + 1]; ++u) {
            const Use& use = uses_[u];
            std::vector<Open>& stack = open[use.chip];
            const auto bit = static_cast<unsigned>(std::bit_width(last[use.chip] ^ first[n]));
            last[use.chip] = first[n];
            while (stack.size() > 1 && stack.back().bit < bit)
                close(stack);
            stack.push_back({use.state, bit});
        }
    }
    double sum = 0.0;
    for (auto& stack : open) {
        while (stack.size() > 1)
            close(stack);
        sum += static_cast<double>(stack[0].state.null_cost) * stack[0].state.null_cost;
    }
    return sum;
}

void KeyTree::search(std::uint64_t seed, double effort) {
    constexpr double good_enough = 1.02; // of the least cost: not worth the search for a better tree
    const std::size_t bundles = bits_.size();
    const auto ranks = [&](const auto& values) {
        auto sorted = values;
        std::sort(sorted.begin(), sorted.end());
        sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
        std::vector<std::uint64_t> r;
        r.reserve(values.size());
        for (const auto& v : values)
            r.push_back(static_cast<std::uint64_t>(std::lower_bound(sorted.begin(), sorted.end(), v) - sorted.begin()));
        return r;
    };
    const std::vector<std::uint64_t> sinks = ranks(sinks_), groups = ranks(group_);
    double best = 0.0;
    const auto consider = [&](Shape s) {
        if (s.nodes[s.root].height > key_width) return;
        const double c = cost(s);
        if (shape_.root != none && c >= best) return;
        best = c;
        shape_ = std::move(s);
    };
    std::vector<std::uint32_t> order(bundles);
    std::vector<std::vector<std::uint32_t>> orders;
    std::vector<std::uint64_t> code(bundles);
    for (int way = 0; way < 4; ++way) {
        std::iota(order.begin(), order.end(), 0U);
        for (std::size_t b = 0; b < bundles; ++b)
            code[b] = way == 0   ? b
                      : way == 1 ? sinks[b] << 32 | where_[b]
                      : way == 2 ? where_[b] << 32 | sinks[b]
                                 : groups[b] << 32 | where_[b];
        consider(split(order, code));
        orders.push_back(order);
    }
    double least = 0.0;
    for (const std::uint32_t f : floor_)
        least += static_cast<double>(f) * f;
    if (effort > 0.0 && bundles > 2 && (shape_.root == none || best > good_enough * least)) consider(gather(orders));
    constexpr std::size_t most_states = std::size_t{1} << 23;
    if (shape_.root == none) { // too deep each time: in the order of the nets, however long
        std::iota(order.begin(), order.end(), 0U);
        std::iota(code.begin(), code.end(), 0U);
        shape_ = split(order, code);
        return;
    }
    if (effort > 0.0 && bundles > 2 && 2 * bundles * chips_ <= most_states) improve(seed, effort);
}

/// Branches move to other places of the tree while that makes tables smaller; at first a little worse is good enough.
void KeyTree::improve(std::uint64_t seed, double effort) {
    const auto bundles = static_cast<std::uint32_t>(bits_.size());
    std::vector<Node>& nodes = shape_.nodes;
    std::vector<State> states(nodes.size() * chips_);
    const auto row = [&](std::uint32_t n) { return states.data() + std::size_t{n} * chips_; };
    {
        std::vector<std::uint32_t> order = depth_first(shape_);
        for (std::size_t k = order.size(); k-- > 0;) {
            const std::uint32_t n = order[k];
            if (nodes[n].left == none) {
                for (std::uint64_t u = uses_begin_[n]; u < uses_begin_[n + 1]; ++u)
                    row(n)[uses_[u].chip] = uses_[u].state;
            } else {
                for (std::uint32_t c = 0; c < chips_; ++c)
                    row(n)[c] = join(row(nodes[n].left)[c], row(nodes[n].right)[c]);
            }
        }
    }
    std::vector<std::vector<std::uint32_t>> at_chip(chips_); // bundles
    for (std::uint32_t b = 0; b < bundles; ++b)
        for (std::uint64_t u = uses_begin_[b]; u < uses_begin_[b + 1]; ++u)
            at_chip[uses_[u].chip].push_back(b);

    const auto square = [](std::uint32_t x) { return static_cast<std::int64_t>(x) * x; };
    std::int64_t now = 0, least = 0;
    std::uint32_t worst = 0;
    for (std::uint32_t c = 0; c < chips_; ++c) {
        worst = std::max(worst, row(shape_.root)[c].null_cost);
        now += square(row(shape_.root)[c].null_cost);
        least += square(floor_[c]);
    }
    struct Change {
        std::size_t at;
        State old;
    };
    std::vector<Change> changes;
    std::vector<std::uint32_t> chips, moving;
    std::uint64_t work = 0;
    const auto set = [&](std::size_t at, const State& s) {
        changes.push_back({at, states[at]});
        states[at] = s;
    };
    /// Brings the states of a node and of what is above it up to date, at the chips given.
    const auto update = [&](std::uint32_t n) {
        moving = chips;
        for (; n != none; n = nodes[n].parent) {
            nodes[n].height = std::max(nodes[nodes[n].left].height, nodes[nodes[n].right].height) + 1;
            std::size_t left = 0;
            work += moving.size() + 1;
            for (const std::uint32_t c : moving) {
                const State s = join(row(nodes[n].left)[c], row(nodes[n].right)[c]);
                if (s == row(n)[c]) continue;
                set(std::size_t{n} * chips_ + c, s);
                moving[left++] = c;
            }
            moving.resize(left);
        }
    };
    const auto replace_child = [&](std::uint32_t parent, std::uint32_t child, std::uint32_t by) {
        nodes[by].parent = parent;
        if (parent == none)
            shape_.root = by;
        else
            (nodes[parent].left == child ? nodes[parent].left : nodes[parent].right) = by;
    };
    const auto heights = [&](std::uint32_t n) {
        for (; n != none; n = nodes[n].parent)
            nodes[n].height = std::max(nodes[nodes[n].left].height, nodes[nodes[n].right].height) + 1;
    };

    std::uint64_t draw = 0;
    const std::uint64_t start = mix64(seed + 0x9e3779b97f4a7c15ULL);
    const auto below = [&](std::uint64_t n) { return mix64(start + ++draw * 0x9e3779b97f4a7c15ULL) % n; };
    Shape best = shape_;
    std::int64_t best_cost = now;
    const auto budget =
        static_cast<std::uint64_t>(effort * std::clamp(256.0 * static_cast<double>(uses_.size()), 4e7, 4e8));
    const std::int64_t hottest =
        std::max<std::int64_t>(1, std::min<std::int64_t>((now - least) / 50, 2 * std::int64_t{worst}));
    for (std::uint64_t tries = 0; work < budget && best_cost > least && tries < budget; ++tries) {
        work += 8;
        // A branch, and a bundle that does the same as one of its own at some chip.
        std::uint32_t branch = static_cast<std::uint32_t>(below(bundles));
        const std::uint32_t leaf = branch;
        while (branch != shape_.root && below(3) == 0)
            branch = nodes[branch].parent;
        if (branch == shape_.root) continue;
        const Use& use = uses_[uses_begin_[leaf] + below(uses_begin_[leaf + 1] - uses_begin_[leaf])];
        const auto& there = at_chip[use.chip];
        std::uint32_t target = there[below(there.size())];
        for (int again = 0; again < 4 && row(target)[use.chip].routes != use.state.routes; ++again)
            target = there[below(there.size())];
        while (target != shape_.root && below(3) != 0)
            target = nodes[target].parent;
        const std::uint32_t parent = nodes[branch].parent;
        const std::uint32_t sibling = nodes[parent].left == branch ? nodes[parent].right : nodes[parent].left;
        if (target == parent || target == sibling) continue;
        bool inside = false;
        for (std::uint32_t n = target; n != none && !inside; n = nodes[n].parent)
            inside = n == branch;
        if (inside) continue;

        chips.clear();
        for (std::uint32_t c = 0; c < chips_; ++c)
            if (row(branch)[c].routes != 0) chips.push_back(c);
        changes.clear();
        const std::uint32_t root_before = shape_.root;
        std::int64_t before = 0;
        for (const std::uint32_t c : chips)
            before += square(row(root_before)[c].null_cost);
        const std::uint32_t above = nodes[parent].parent;
        replace_child(above, parent, sibling);
        update(above);
        const std::uint32_t top = nodes[target].parent;
        replace_child(top, target, parent);
        nodes[parent].left = target;
        nodes[parent].right = branch;
        nodes[target].parent = parent;
        work += chips_ / 4;
        for (std::uint32_t c = 0; c < chips_; ++c) {
            const State s = join(row(target)[c], row(branch)[c]);
            if (!(s == row(parent)[c])) set(std::size_t{parent} * chips_ + c, s);
        }
        nodes[parent].height = std::max(nodes[target].height, nodes[branch].height) + 1;
        update(top);
        std::int64_t after = 0;
        for (const std::uint32_t c : chips)
            after += square(row(shape_.root)[c].null_cost);
        const std::int64_t delta = after - before;
        const std::int64_t heat = static_cast<std::int64_t>(
            static_cast<double>(hottest) * (1.0 - 1.3 * static_cast<double>(work) / static_cast<double>(budget)));
        if (nodes[shape_.root].height <= key_width &&
            (delta <= 0 || (heat > 0 && delta < static_cast<std::int64_t>(below(static_cast<std::uint64_t>(heat)))))) {
            now += delta;
            if (now < best_cost) {
                best_cost = now;
                best = shape_;
            }
            continue;
        }
        for (std::size_t k = changes.size(); k-- > 0;)
            states[changes[k].at] = changes[k].old;
        replace_child(top, parent, target);
        replace_child(above, sibling, parent);
        nodes[parent].left = sibling;
        nodes[parent].right = branch;
        nodes[sibling].parent = parent;
        heights(top);
        heights(parent);
    }
    shape_ = std::move(best);
}

bool KeyTree::codes(std::vector<std::uint64_t>& first) const {
    if (shape_.nodes[shape_.root].height > key_width) return false;
    codes(shape_, first);
    return true;
}

void KeyTree::codes(const Shape& shape, std::vector<std::uint64_t>& first) {
    std::vector<std::uint64_t> code(shape.nodes.size(), 0);
    for (const std::uint32_t n : depth_first(shape)) {
        const Node& node = shape.nodes[n];
        if (node.left == none) {
            first[n] = code[n];
            continue;
        }
        code[node.left] = code[n];
        code[node.right] = code[n] + (std::uint64_t{1} << (node.height - 1));
    }
}

std::vector<std::uint32_t> KeyTree::leaves() const {
    std::vector<std::uint32_t> result;
    for (const std::uint32_t n : depth_first(shape_))
        if (shape_.nodes[n].left == none) result.push_back(n);
    return result;
}

} // namespace spikecast::mapping
