spikecast_test(partitioners_test network/partitioners_test.cpp)
spikecast_test(rules_test network/rules_test.cpp)
spikecast_test(positions_test network/positions_test.cpp)
