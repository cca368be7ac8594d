# The benchmark tools, and the guard of instruction counts.
find_program(SPIKECAST_PYTHON NAMES python3 HINTS /usr/bin REQUIRED)
add_test(NAME benchmarks.tools COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/benchmark_test.py
                                       $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
set_tests_properties(benchmarks.tools PROPERTIES LABELS full TIMEOUT 600 PROCESSORS 2)

# Counts are those of one compiler, architecture and set of options (docs/performance.md).
if(TARGET count_instructions AND SPIKECAST_ARCH STREQUAL "x86-64-v3" AND CMAKE_BUILD_TYPE STREQUAL "Release"
   AND NOT CMAKE_CXX_FLAGS)
  set(count_command ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/count_instructions.py
      --program $<TARGET_FILE:count_instructions> --compiler "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  add_test(NAME benchmarks.instructions COMMAND ${count_command})
  add_test(NAME benchmarks.instructions_notices_growth COMMAND ${count_command} --self-test)
  set_tests_properties(benchmarks.instructions benchmarks.instructions_notices_growth
                       PROPERTIES LABELS benchmarks TIMEOUT 600 SKIP_RETURN_CODE 77)
endif()

# One rank makes no MPI call in the loop: counted by a library that is loaded before MPI's.
find_package(MPI REQUIRED COMPONENTS C)
add_library(mpi_counter MODULE ${CMAKE_CURRENT_LIST_DIR}/mpi_counter.c)
target_link_libraries(mpi_counter PRIVATE MPI::MPI_C)
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize") # sanitizers want to be the first library
  add_test(NAME benchmarks.no_mpi_call_in_the_loop_of_one_rank
           COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/mpi_calls.py $<TARGET_FILE:spikecast_program>
                   ${CMAKE_SOURCE_DIR} $<TARGET_FILE:mpi_counter>)
  set_tests_properties(benchmarks.no_mpi_call_in_the_loop_of_one_rank PROPERTIES LABELS benchmarks TIMEOUT 300
                                                                                 PROCESSORS 2)
endif()
