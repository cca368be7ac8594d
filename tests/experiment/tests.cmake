spikecast_test(quantity_test experiment/quantity_test.cpp)
spikecast_test(reader_test experiment/reader_test.cpp)
