spikecast_test(core_math_test ${CMAKE_CURRENT_SOURCE_DIR}/core/math_test.cpp)
