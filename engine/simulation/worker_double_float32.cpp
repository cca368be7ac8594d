#include "engine/simulation/worker.hpp"

namespace spikecast {

template class Worker<double, float>;

} // namespace spikecast
