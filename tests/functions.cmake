find_package(GTest REQUIRED)
include(GoogleTest)

# spikecast_test(NAME SOURCE... [RANKS 1 2 ...]): one binary; with RANKS, run under mpirun once for each number, from the
# main function of mpi_main.cpp.
set(SPIKECAST_MPIRUN ${MPIEXEC_EXECUTABLE} --oversubscribe --bind-to none --allow-run-as-root)
# Tests spend more time in the compiler than they run: little is optimised, and what they all include is read once.
add_library(spikecast_mpi_main OBJECT ${CMAKE_CURRENT_LIST_DIR}/mpi_main.cpp)
target_precompile_headers(spikecast_mpi_main PRIVATE <gtest/gtest.h> <filesystem> <fstream> <set> <sstream>
                          ${SPIKECAST_OFTEN_INCLUDED})

find_program(SPIKECAST_GOLD ld.gold)
function(spikecast_test_options name)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${HDF5_INCLUDE_DIRS})
  target_compile_definitions(${name} PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX
                             SPIKECAST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(SPIKECAST_GOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # links in a third of the time
    target_link_options(${name} PRIVATE -fuse-ld=gold)
  endif()
  target_link_libraries(${name} PRIVATE spikecast spikecast_mapping spikecast_flags MPI::MPI_CXX ${HDF5_LIBRARIES} fmt::fmt
                                        nlohmann_json::nlohmann_json GTest::gtest)
endfunction()
spikecast_test_options(spikecast_mpi_main)

function(spikecast_test name)
  cmake_parse_arguments(arg "" "" "RANKS;LABELS" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  spikecast_test_options(${name})
  target_precompile_headers(${name} REUSE_FROM spikecast_mpi_main)
  if(arg_RANKS)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:spikecast_mpi_main>)
    foreach(ranks IN LISTS arg_RANKS)
      add_test(NAME ${name}_${ranks}_ranks COMMAND ${SPIKECAST_MPIRUN} -n ${ranks} $<TARGET_FILE:${name}>)
      set_tests_properties(${name}_${ranks}_ranks PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 600
                                                                      PROCESSORS ${ranks})
    endforeach()
  else()
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
    gtest_discover_tests(${name} PROPERTIES LABELS "${arg_LABELS}" DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
