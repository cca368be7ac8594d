// A large array on 2 MiB pages where the kernel grants them, zero-filled, freed at once when it goes.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace spikecast {

template <class T>
class HugeBuffer {
public:
    HugeBuffer() = default;
    explicit HugeBuffer(std::size_t size) : size_(size) {
        if (size == 0) return;
        constexpr std::size_t page = std::size_t{2} << 20;
        bytes_ = size * sizeof(T) > page ? (size * sizeof(T) + page - 1) / page * page : size * sizeof(T);
        void* memory =
            ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        ::madvise(memory, bytes_, MADV_HUGEPAGE); // a wish; without it the array works just the same
        data_ = static_cast<T*>(memory);
    }
    ~HugeBuffer() {
        if (data_ != nullptr) ::munmap(data_, bytes_);
    }
    HugeBuffer(HugeBuffer&& other) noexcept { swap(other); }
    HugeBuffer& operator=(HugeBuffer&& other) noexcept {
        HugeBuffer taken(std::move(other));
        swap(taken);
        return *this;
    }
    void swap(HugeBuffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(bytes_, other.bytes_);
    }

    [[nodiscard]] T* data() noexcept { return data_; }
    [[nodiscard]] const T* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    T& operator[](std::size_t i) noexcept { return data_[i]; }
    const T& operator[](std::size_t i) const noexcept { return data_[i]; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace spikecast
