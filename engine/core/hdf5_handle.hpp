// What every user of HDF5 needs: identifiers that close themselves, silence, and a lock. Internal to the engine.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <utility>

namespace spikecast::hdf5 {

/// The HDF5 library is one object for the whole process, and Debian's parallel build of it isn't thread-safe; this lock
/// stands for that object wherever several workers read files.
inline std::mutex& library_lock() {
    static std::mutex lock;
    return lock;
}

/// Owns an HDF5 identifier.
class Handle {
public:
    Handle() = default;
    explicit Handle(hid_t id) : id_(id) {}
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            reset();
            id_ = std::exchange(other.id_, H5I_INVALID_HID);
        }
        return *this;
    }
    ~Handle() { reset(); }
    [[nodiscard]] hid_t get() const noexcept { return id_; }
    [[nodiscard]] bool ok() const noexcept { return id_ >= 0; }
    /// Drops one reference, which closes the object; negative where that failed.
    herr_t reset() noexcept {
        const hid_t id = std::exchange(id_, H5I_INVALID_HID);
        return id >= 0 ? static_cast<herr_t>(H5Idec_ref(id)) : 0;
    }
    /// Forgets the object without closing it.
    void abandon() noexcept { id_ = H5I_INVALID_HID; }

private:
    hid_t id_ = H5I_INVALID_HID;
};

/// While one lives, HDF5 prints nothing; what it would have said goes into our messages.
class Quiet {
public:
    Quiet() {
        H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    }
    ~Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

private:
    H5E_auto2_t function_ = nullptr;
    void* data_ = nullptr;
};

} // namespace spikecast::hdf5
