# Installs a build into a folder of its own, configures and builds the consumer against it, and runs the consumer.
# Needs BUILD_DIR, CONSUMER_DIR, WORK_DIR, VERSION, GENERATOR, CXX_COMPILER; CXX_FLAGS carries a sanitizer's.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${what} failed (${code}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run("install" ${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/prefix)

set(configure ${CMAKE_COMMAND} -S ${CONSUMER_DIR} -G ${GENERATOR} -D CMAKE_PREFIX_PATH=${WORK_DIR}/prefix
    -D CMAKE_CXX_COMPILER=${CXX_COMPILER} "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")
run("configure" ${configure} -B ${WORK_DIR}/build -D WANTED_VERSION=${VERSION})
run("build" ${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run("the consumer" ${WORK_DIR}/build/consumer)
if(NOT output MATCHES "iaf_psc_exp")
  message(FATAL_ERROR "the consumer ran, but didn't list the catalogue; it printed:\n${output}")
endif()

# The version file refuses what the package is not.
execute_process(COMMAND ${configure} -B ${WORK_DIR}/refused -D WANTED_VERSION=99.0 RESULT_VARIABLE code
                OUTPUT_QUIET ERROR_QUIET)
if(code EQUAL 0)
  message(FATAL_ERROR "find_package(spikecast 99.0) was satisfied by version ${VERSION}")
endif()

# Installed headers include only each other and the standard library: no MPI, HDF5 or TOML types in the public API.
file(GLOB headers ${WORK_DIR}/prefix/include/spikecast/*.hpp)
if(NOT headers)
  message(FATAL_ERROR "no headers were installed")
endif()
foreach(header IN LISTS headers)
  file(STRINGS ${header} includes REGEX "^#include")
  foreach(line IN LISTS includes)
    if(line MATCHES "mpi|hdf5|toml|boost|fmt|spdlog|nlohmann" OR (line MATCHES "\"" AND NOT line MATCHES "\"spikecast/"))
      message(FATAL_ERROR "${header} has ${line}: public headers keep to the standard library and to themselves")
    endif()
  endforeach()
endforeach()
