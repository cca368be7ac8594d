#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace spikecast::models {

/// A fixed number of zeros at an address that is a multiple of 64 bytes, so that a register never straddles two lines.
template <class T>
class AlignedArray {
public:
    AlignedArray() = default;
    explicit AlignedArray(std::size_t size)
        : data_(static_cast<T*>(::operator new[](size * sizeof(T), alignment))), size_(size) {
        std::uninitialized_value_construct_n(data_.get(), size);
    }
    [[nodiscard]] T* data() noexcept { return data_.get(); }
    [[nodiscard]] const T* data() const noexcept { return data_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }
    [[nodiscard]] std::size_t bytes() const noexcept { return size_ * sizeof(T); }

private:
    static constexpr std::align_val_t alignment{64};
    struct Delete {
        void operator()(T* p) const noexcept { ::operator delete[](p, alignment); }
    };
    std::unique_ptr<T[], Delete> data_;
    std::size_t size_ = 0;
};

} // namespace spikecast::models
