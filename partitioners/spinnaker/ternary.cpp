#include "partitioners/spinnaker/ternary.hpp"

namespace spikecast::mapping {

PackedTables::PackedTables(const Tables& tables) : tables_(&tables) {
    std::uint64_t slots = 0;
    for (const Table& t : tables)
        slots += (t.size() + block - 1) / block * block;
    begin_.reserve(tables.size());
    count_.reserve(tables.size());
    key_.reserve(slots);
    mask_.reserve(slots);
    number_.reserve(slots);
    for (const Table& t : tables) {
        begin_.push_back(key_.size());
        for (std::size_t i = 0; i < t.size(); ++i) {
            if ((t[i].key & ~t[i].mask) != 0) continue;
            key_.push_back(t[i].key);
            mask_.push_back(t[i].mask);
            number_.push_back(static_cast<std::uint32_t>(i));
        }
        count_.push_back(static_cast<std::uint32_t>(key_.size() - begin_.back()));
        // What fills up a block matches everything; its place, beyond the count, tells it apart.
        const std::size_t end = (key_.size() + block - 1) / block * block;
        key_.resize(end, 0);
        mask_.resize(end, 0);
        number_.resize(end, none);
    }
}

} // namespace spikecast::mapping
