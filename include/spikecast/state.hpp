// The dynamic state of a block as columns: one number, or a few, for each of its neurons, bit for bit. A block
// describes them once, in a method that both takes them out (for a checkpoint) and puts them back.
#pragma once

#include "spikecast/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace spikecast {

/// What a column's numbers are; part of the format of checkpoints: never renumber, only append.
enum class NumberType : std::uint8_t {
    float32 = 1,
    float64 = 2,
    uint32 = 3,
    uint64 = 4,
    int64 = 5,
    uint8 = 6,
    int32 = 7
};

template <class Number>
constexpr NumberType number_type() {
    if constexpr (std::is_same_v<Number, float>)
        return NumberType::float32;
    else if constexpr (std::is_same_v<Number, double>)
        return NumberType::float64;
    else if constexpr (std::is_same_v<Number, std::uint32_t>)
        return NumberType::uint32;
    else if constexpr (std::is_same_v<Number, std::uint64_t>)
        return NumberType::uint64;
    else if constexpr (std::is_same_v<Number, std::int64_t>)
        return NumberType::int64;
    else if constexpr (std::is_same_v<Number, std::int32_t>)
        return NumberType::int32;
    else {
        static_assert(std::is_same_v<Number, std::uint8_t>, "no column holds such numbers");
        return NumberType::uint8;
    }
}
[[nodiscard]] constexpr std::size_t number_bytes(NumberType type) noexcept {
    switch (type) {
    case NumberType::uint8:
        return 1;
    case NumberType::float32:
    case NumberType::uint32:
    case NumberType::int32:
        return 4;
    default:
        return 8;
    }
}

class StateColumns {
public:
    struct Column {
        std::string name;
        NumberType type = NumberType::float64;
        std::uint32_t width = 1;      ///< numbers of a neuron
        std::vector<std::byte> bytes; ///< [neuron][width]
        [[nodiscard]] std::size_t row_bytes() const noexcept { return width * number_bytes(type); }
    };

    /// Takes state out.
    StateColumns() = default;
    /// Puts state back.
    explicit StateColumns(std::vector<Column> given) : columns_(std::move(given)), loading_(true) {}

    [[nodiscard]] bool loading() const noexcept { return loading_; }

    /// at(i, k) is a reference to number k of neuron i. Throws RunError where there is no such column to put back.
    template <class Number, class At>
    void column(std::string_view name, std::size_t neurons, std::uint32_t width, At&& at) {
        Column& c = loading_ ? find(name, number_type<Number>(), width, neurons) : columns_.emplace_back();
        if (!loading_) {
            c.name = name;
            c.type = number_type<Number>();
            c.width = width;
            c.bytes.resize(neurons * width * sizeof(Number));
        }
        std::byte* place = c.bytes.data();
        for (std::size_t i = 0; i < neurons; ++i)
            for (std::uint32_t k = 0; k < width; ++k, place += sizeof(Number)) {
                if (loading_)
                    std::memcpy(&at(i, k), place, sizeof(Number));
                else
                    std::memcpy(place, &at(i, k), sizeof(Number));
            }
    }
    /// One number a neuron, one after the other.
    template <class Number>
    void column(std::string_view name, std::size_t neurons, Number* first) {
        column<Number>(name, neurons, 1, [first](std::size_t i, std::uint32_t) -> Number& { return first[i]; });
    }

    [[nodiscard]] std::vector<Column>& columns() noexcept { return columns_; }
    [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }

private:
    Column& find(std::string_view name, NumberType type, std::uint32_t width, std::size_t neurons) {
        for (Column& c : columns_)
            if (c.name == name) {
                if (c.type != type || c.width != width || c.bytes.size() != neurons * c.row_bytes())
                    throw RunError("the state of " + std::string(name) + " is stored in another form");
                return c;
            }
        throw RunError("there is no state of " + std::string(name));
    }

    std::vector<Column> columns_;
    bool loading_ = false;
};

} // namespace spikecast
