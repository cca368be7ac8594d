spikecast_test(simulation_test mpi/simulation_test.cpp RANKS 1 2 3)
spikecast_test(inputs_test mpi/inputs_test.cpp RANKS 1 3)
spikecast_test(machine_test mpi/machine_test.cpp RANKS 1 2 3)

# One answer, over ranks, threads, partitioners, exchange schemes, precisions and weight formats.
find_program(SPIKECAST_PYTHON NAMES python3 HINTS /usr/bin REQUIRED)
foreach(network brunel_tenth generators microcircuit rules space sparse_graph inputs cable simple_models volleys plasticity plasticity_rules)
  add_test(NAME matrix.${network} COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py
                                          $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --only ${network})
  set_tests_properties(matrix.${network} PROPERTIES TIMEOUT 900 PROCESSORS 2)
endforeach()
add_test(NAME matrix.full COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py
                                  $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --full)
set_tests_properties(matrix.full PROPERTIES LABELS full TIMEOUT 5400 PROCESSORS 2)
add_test(NAME matrix.nonlinear COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py
                                       $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --only nonlinear)
set_tests_properties(matrix.nonlinear PROPERTIES TIMEOUT 900 PROCESSORS 2)

add_test(NAME matrix.outdegree COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py
                                       $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --only outdegree)
set_tests_properties(matrix.outdegree PROPERTIES TIMEOUT 900 PROCESSORS 2)

add_test(NAME weights COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/weights.py
                              $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(weights PROPERTIES TIMEOUT 900 PROCESSORS 2)

# The matrix must notice faults: the same program with some of them to choose from (engine/build/fault.hpp).
add_executable(spikecast_faulty $<TARGET_OBJECTS:spikecast_program> ${CMAKE_SOURCE_DIR}/engine/build/builder.cpp ${CMAKE_SOURCE_DIR}/engine/build/block_exchange.cpp ${CMAKE_SOURCE_DIR}/engine/exchange/exchanger.cpp
                                ${CMAKE_SOURCE_DIR}/engine/simulation/engine_single.cpp ${CMAKE_SOURCE_DIR}/engine/checkpoint/file.cpp)
target_compile_options(spikecast_faulty PRIVATE $<$<CONFIG:Release>:-O1>)
target_compile_definitions(spikecast_faulty PRIVATE SPIKECAST_FAULTS SPIKECAST_VERSION="${PROJECT_VERSION}" OMPI_SKIP_MPICXX
                                                    MPICH_SKIP_MPICXX)
target_include_directories(spikecast_faulty PRIVATE ${HDF5_INCLUDE_DIRS})
target_link_libraries(spikecast_faulty PRIVATE spikecast spikecast_flags MPI::MPI_CXX CLI11::CLI11 fmt::fmt
                                               nlohmann_json::nlohmann_json)
set(fault_network_unordered brunel_tenth) # many spikes arrive in one step: two terms commute, three don't associate
set(fault_network_local_key rules)
set(fault_network_weight_bit microcircuit)
set(fault_network_order outdegree)
foreach(fault unordered local_key weight_bit order)
  add_test(NAME matrix.notices_${fault}
           COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/matrix.py $<TARGET_FILE:spikecast_faulty>
                   ${CMAKE_SOURCE_DIR} --only ${fault_network_${fault}} --fault ${fault})
  set_tests_properties(matrix.notices_${fault} PROPERTIES TIMEOUT 900 PROCESSORS 2)
endforeach()

# Networks on a mapped machine.
foreach(part brunel_tenth microcircuit rules without_router)
  add_test(NAME machine.${part} COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/machine.py
                                        $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --only ${part})
  set_tests_properties(machine.${part} PROPERTIES TIMEOUT 900 PROCESSORS 2)
endforeach()
add_test(NAME machine.notices_uncorrected COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/machine.py
                                                  $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR} --only rules
                                                  --fault uncorrected)
set_tests_properties(machine.notices_uncorrected PROPERTIES TIMEOUT 900 PROCESSORS 2)

# The same program must stop on all ranks, with one message, when one worker fails; and one answer at the edges.
add_test(NAME failures COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/failures.py
                               $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR})
add_test(NAME edges COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/edges.py
                            $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(failures edges PROPERTIES TIMEOUT 900 PROCESSORS 2)

# Bad input through the program: one message, exit code 2, no output, no hang.
add_test(NAME bad_input COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/bad_input.py
                                $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
add_test(NAME bad_input.full COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/bad_input.py
                                     $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --full)
set_tests_properties(bad_input bad_input.full PROPERTIES TIMEOUT 900 PROCESSORS 2)
set_tests_properties(bad_input.full PROPERTIES LABELS full)

# What an experiment from somebody else may do: read what it names, write nothing but the outputs of the command line.
add_test(NAME strangers COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/strangers.py
                                $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(strangers PROPERTIES TIMEOUT 600 PROCESSORS 2)

add_executable(balanced_network ${CMAKE_SOURCE_DIR}/examples/balanced_network.cpp)
target_link_libraries(balanced_network PRIVATE spikecast spikecast_flags)
foreach(ranks 1 2)
  add_test(NAME example_balanced_network_${ranks}_ranks COMMAND ${SPIKECAST_MPIRUN} -n ${ranks}
                                                                $<TARGET_FILE:balanced_network>)
  set_tests_properties(example_balanced_network_${ranks}_ranks PROPERTIES TIMEOUT 600 PROCESSORS ${ranks})
endforeach()

add_test(NAME routes.bytes_sent COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/routes.py
                                        $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(routes.bytes_sent PROPERTIES TIMEOUT 900 PROCESSORS 2)

# Dry runs against real runs: every rule, rank by rank; then a balanced network as the table of docs/performance.md.
add_test(NAME dry_run.rules COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/dry_run.py
                                    $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
add_test(NAME dry_run.brunel COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/check_dry_run.py
                                     --program $<TARGET_FILE:spikecast_program> --ranks 2 4 --neurons 1250
                                     --duration "200 ms" --repeats 1 --no-time)
add_test(NAME dry_run.full COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/check_dry_run.py
                                   --program $<TARGET_FILE:spikecast_program>)
set_tests_properties(dry_run.rules dry_run.brunel PROPERTIES TIMEOUT 900 PROCESSORS 2)
set_tests_properties(dry_run.full PROPERTIES LABELS full TIMEOUT 3600 RUN_SERIAL TRUE)

# Runs in pieces against runs in one: each piece on another layout.
foreach(network brunel_tenth generators microcircuit rules space sparse_graph inputs cable simple_models volleys nonlinear
                outdegree plasticity plasticity_rules)
  add_test(NAME resume.${network} COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/resume.py
                                          $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --only ${network})
  set_tests_properties(resume.${network} PROPERTIES TIMEOUT 900 PROCESSORS 2)
endforeach()
foreach(network rules microcircuit space inputs cable volleys nonlinear outdegree plasticity_rules)
  set_tests_properties(resume.${network} PROPERTIES LABELS full)
endforeach()
add_test(NAME resume.notices_unordered COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/resume.py
                                               $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR} --only brunel_tenth
                                               --fault unordered_again)
add_test(NAME resume.notices_forgotten_rows COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/resume.py
                                                    $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR} --only plasticity
                                                    --fault forgotten_rows)
set_tests_properties(resume.notices_forgotten_rows PROPERTIES TIMEOUT 900 PROCESSORS 2)
add_test(NAME resume.full COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/resume.py
                                  $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR} --full)
set_tests_properties(resume.notices_unordered resume.full PROPERTIES TIMEOUT 3600 PROCESSORS 2)

# kill -9, signals, full disks, no memory: nothing hangs, nothing is lost.
add_test(NAME crashes COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/crashes.py
                              $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR} --duration 100 --only disk,memory,kills,batch,names)
add_test(NAME crashes.signals COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/crashes.py
                                      $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR} --duration 400 --only signals)
add_test(NAME crashes.full COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/mpi/crashes.py
                                   $<TARGET_FILE:spikecast_faulty> ${CMAKE_SOURCE_DIR} --duration 100 --only kills
                                   --kills 100)
add_test(NAME soak COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/soak.py --program $<TARGET_FILE:spikecast_program>
                           --seconds 2 --scale 0.03)
set_tests_properties(crashes crashes.signals crashes.full soak PROPERTIES TIMEOUT 3600 RUN_SERIAL TRUE)
set_tests_properties(resume.full resume.notices_unordered crashes.signals crashes.full soak PROPERTIES LABELS full)
# Others show the same in less time: matrix.notices_unordered, dry_run.brunel, machine.rules.
set_tests_properties(matrix.notices_order dry_run.rules machine.without_router PROPERTIES LABELS full)
