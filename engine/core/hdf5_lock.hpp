// The HDF5 library is one object for the whole process, and Debian's parallel build of it isn't thread-safe; this lock
// stands for that object wherever several workers read files.
#pragma once

#include <mutex>

namespace spikecast {

inline std::mutex& hdf5_lock() {
    static std::mutex lock;
    return lock;
}

} // namespace spikecast
