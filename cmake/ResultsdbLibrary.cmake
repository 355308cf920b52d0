# resultsdb_add_library(NAME SOURCES … [PUBLIC …] [PRIVATE …]): one installed component, resultsdb::NAME.
function(resultsdb_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target resultsdb_${name})
  add_library(${target} ${arg_SOURCES})
  add_library(resultsdb::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION}
                                             SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
                                             INSTALL_RPATH "$ORIGIN") # components stand on each other, side by side
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${resultsdb_SOURCE_DIR}/include>"
                                              "$<INSTALL_INTERFACE:include>")
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  resultsdb_warnings(${target})
  set_property(GLOBAL APPEND PROPERTY RESULTSDB_COMPONENTS ${name})
endfunction()

# resultsdb_add_executable(NAME SOURCES … LIBRARIES …): a program in build/<preset>/bin.
function(resultsdb_add_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  resultsdb_warnings(${name})
endfunction()

function(resultsdb_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual
                                           -Wno-missing-field-initializers # designated initialisers are our style
                                           $<$<BOOL:${RESULTSDB_WERROR}>:-Werror>)
endfunction()

# resultsdb_add_test(NAME SOURCES … LIBRARIES … [LABELS …] [TIMEOUT n] [ENVIRONMENT …] [LAUNCHER COMMAND…]): one GoogleTest program = one
# CTest test, built by the target tests_LABEL of each of its labels. The repository's data is found through the macro RESULTSDB_SOURCE_DIR.
function(resultsdb_add_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;ENVIRONMENT;LAUNCHER" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  resultsdb_add_executable(${name} SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE RESULTSDB_SOURCE_DIR="${resultsdb_SOURCE_DIR}"
                                             RESULTSDB_BINARY_DIR="${resultsdb_BINARY_DIR}")
  target_include_directories(${name} PRIVATE "${resultsdb_SOURCE_DIR}/src" "${resultsdb_SOURCE_DIR}/tests")
  add_test(NAME ${name} COMMAND ${arg_LAUNCHER} $<TARGET_FILE:${name}>)
  list(APPEND arg_ENVIRONMENT "LSAN_OPTIONS=suppressions=${resultsdb_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${arg_ENVIRONMENT}")
  foreach(label IN LISTS arg_LABELS)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()
