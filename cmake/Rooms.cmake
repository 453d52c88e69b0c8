# One folder is one static library; its dependencies are named once, here and in tests/tidy/layers.txt.

# add_room(<folder> SOURCES a.cpp ... [USES <folder> ...] [PRIVATE_USES <imported target> ...])
# makes the target common_base of the folder common/base.
function(add_room folder)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  string(REPLACE "/" "_" target ${folder})
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_link_libraries(${target} PRIVATE project_options)
  foreach(used IN LISTS ROOM_USES)
    string(REPLACE "/" "_" used_target ${used})
    target_link_libraries(${target} PUBLIC ${used_target})
  endforeach()
  target_link_libraries(${target} PUBLIC fmt::fmt PRIVATE ${ROOM_PRIVATE_USES})
endfunction()

# add_program(<name> SOURCES main.cpp USES <folder> ...)
function(add_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE project_options ${PROGRAM_PRIVATE_USES})
  foreach(used IN LISTS PROGRAM_USES)
    string(REPLACE "/" "_" used_target ${used})
    target_link_libraries(${name} PRIVATE ${used_target})
  endforeach()
endfunction()

# add_test_program(<name> LABEL unit|golden|integration|fault|tidy SOURCES ... USES <folder> ...
#                  [TIMEOUT seconds] [PROGRAMS binary targets that the test starts])
# Every gtest case becomes one ctest entry.
function(add_test_program name)
  cmake_parse_arguments(TEST "SERIAL" "LABEL;TIMEOUT" "SOURCES;USES;PRIVATE_USES;PROGRAMS" ${ARGN})
  add_program(${name} SOURCES ${TEST_SOURCES} USES ${TEST_USES}
    PRIVATE_USES ${TEST_PRIVATE_USES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    PIPELINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PIPELINE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  if(TEST_PROGRAMS)
    add_dependencies(${name} ${TEST_PROGRAMS})
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(TEST_SERIAL)
    # One ctest entry for the whole program: its cases share one server.
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT})
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT})
  endif()
endfunction()
