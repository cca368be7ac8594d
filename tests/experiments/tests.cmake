# Published experiments: a tenth of the microcircuit for a second, and all of them as published (label full).
find_program(SPIKECAST_PYTHON NAMES python3 HINTS /usr/bin REQUIRED)
add_test(NAME experiments.microcircuit_tenth
         COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/experiments/statistics_end_to_end.py
                 $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
set_tests_properties(experiments.microcircuit_tenth PROPERTIES LABELS experiments TIMEOUT 900 PROCESSORS 2)
# Batteries of single neurons, which take a second each: the twenty patterns spike by spike, the others judged.
add_test(NAME experiments.firing_patterns
         COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/experiments/firing_patterns_end_to_end.py
                 $<TARGET_FILE:spikecast_program> ${CMAKE_SOURCE_DIR})
add_test(NAME experiments.single_neurons
         COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/reproduce.py single_neurons
                 --program $<TARGET_FILE:spikecast_program>)
set_tests_properties(experiments.firing_patterns experiments.single_neurons PROPERTIES LABELS experiments TIMEOUT 900)
foreach(experiment microcircuit_pd14 microcircuit_pd14_poisson microcircuit_pd14_tenth brunel brette synfire_chain)
  add_test(NAME experiments.reproduce_${experiment}
           COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/reproduce.py ${experiment}
                   --program $<TARGET_FILE:spikecast_program>)
  set_tests_properties(experiments.reproduce_${experiment} PROPERTIES LABELS full TIMEOUT 5400 PROCESSORS 2)
endforeach()
# Single neurons and a small network: some seconds each.
foreach(experiment adex_patterns hodgkin_huxley_1952 izhikevich_2003)
  add_test(NAME experiments.reproduce_${experiment}
           COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/reproduce.py ${experiment} --ranks 1
                   --program $<TARGET_FILE:spikecast_program>)
  set_tests_properties(experiments.reproduce_${experiment} PROPERTIES LABELS experiments TIMEOUT 300)
endforeach()
# One of the patterns that a neuron learns, a second.
add_test(NAME experiments.chronotron COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/reproduce.py chronotron --quick
                                             --program $<TARGET_FILE:spikecast_program>)
set_tests_properties(experiments.chronotron PROPERTIES LABELS experiments TIMEOUT 300)
# The repeating pattern over a tenth of the time, one seed; and the rule that counts polychronous groups.
add_test(NAME experiments.masquelier COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/reproduce.py masquelier --quick
                                             --program $<TARGET_FILE:spikecast_program>)
add_test(NAME experiments.polychronous_groups
         COMMAND ${SPIKECAST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/experiments/polychronous_groups_test.py ${CMAKE_SOURCE_DIR})
set_tests_properties(experiments.masquelier PROPERTIES LABELS full TIMEOUT 300)
set_tests_properties(experiments.polychronous_groups PROPERTIES LABELS experiments TIMEOUT 300)
foreach(experiment chronotron polychronization masquelier)
  add_test(NAME experiments.reproduce_${experiment}
           COMMAND ${SPIKECAST_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/reproduce.py ${experiment}
                   --program $<TARGET_FILE:spikecast_program>)
  set_tests_properties(experiments.reproduce_${experiment} PROPERTIES LABELS full TIMEOUT 3600)
endforeach()
