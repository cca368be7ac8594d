spikecast_test(kernel_test plasticity/kernel_test.cpp)
spikecast_test(store_test plasticity/store_test.cpp)
spikecast_test(plasticity_rules_test plasticity/rules_test.cpp RANKS 1)
spikecast_test(plasticity_declarations_test plasticity/declarations_test.cpp)
