spikecast_test(result_file_test recording/result_file_test.cpp RANKS 1 2 3)
spikecast_test(statistics_test recording/statistics_test.cpp RANKS 1 2 3)
spikecast_test(network_file_test recording/network_file_test.cpp RANKS 1 2 3)
spikecast_test(report_test recording/report_test.cpp ${CMAKE_SOURCE_DIR}/engine/app/report.cpp
               ${CMAKE_SOURCE_DIR}/engine/app/progress.cpp)
target_compile_definitions(report_test PRIVATE SPIKECAST_VERSION="${PROJECT_VERSION}")
