spikecast_test(kernel_test plasticity/kernel_test.cpp)
spikecast_test(store_test plasticity/store_test.cpp)
