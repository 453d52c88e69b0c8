# One folder is one static library; its dependencies are named once, here and in tests/tidy/layers.txt.

# The rooms in which the tests spend their time, in builds that optimise nothing else.
set(busy_options $<$<CONFIG:Debug>:-O1>)

# What nearly every source includes, compiled once. Each source still names what it needs: the presets
# without PIPELINE_PCH would tell.
if(PIPELINE_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cpp "")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # A compiler cache knows a header by what it holds.
    target_compile_options(project_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  foreach(owner IN ITEMS standard_headers busy_headers)
    add_library(${owner} OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
    target_link_libraries(${owner} PRIVATE project_options fmt::fmt)
    target_precompile_headers(${owner} PRIVATE
      <algorithm> <array> <charconv> <chrono> <cstdint> <filesystem> <functional> <map> <memory> <optional>
      <set> <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)
  endforeach()
  target_compile_options(busy_headers PRIVATE ${busy_options})
endif()

# use_precompiled_headers(<target> <owner>) reads the headers of `owner`, if there are any.
function(use_precompiled_headers target owner)
  if(PIPELINE_PCH)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# add_room(<folder> [BUSY] SOURCES a.cpp ... [USES <folder> ...] [PRIVATE_USES <imported target> ...])
# makes the target common_base of the folder common/base.
function(add_room folder)
  cmake_parse_arguments(ROOM "BUSY" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  string(REPLACE "/" "_" target ${folder})
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_link_libraries(${target} PRIVATE project_options)
  foreach(used IN LISTS ROOM_USES)
    string(REPLACE "/" "_" used_target ${used})
    target_link_libraries(${target} PUBLIC ${used_target})
  endforeach()
  target_link_libraries(${target} PUBLIC fmt::fmt PRIVATE ${ROOM_PRIVATE_USES})
  if(ROOM_BUSY)
    target_compile_options(${target} PRIVATE ${busy_options})
    use_precompiled_headers(${target} busy_headers)
  else()
    use_precompiled_headers(${target} standard_headers)
  endif()
endfunction()

# add_program(<name> SOURCES main.cpp USES <folder> ... [PRECOMPILED <owner of the headers>])
function(add_program name)
  cmake_parse_arguments(PROGRAM "" "PRECOMPILED" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  if(NOT PROGRAM_PRECOMPILED)
    set(PROGRAM_PRECOMPILED standard_headers)
  endif()
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE project_options fmt::fmt ${PROGRAM_PRIVATE_USES})
  foreach(used IN LISTS PROGRAM_USES)
    string(REPLACE "/" "_" used_target ${used})
    target_link_libraries(${name} PRIVATE ${used_target})
  endforeach()
  use_precompiled_headers(${name} ${PROGRAM_PRECOMPILED})
endfunction()

# Where a test finds the sources and the programs that it starts.
function(name_folders target)
  target_compile_definitions(${target} PRIVATE
    PIPELINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PIPELINE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endfunction()

# add_test_room(<folder> SOURCES a.cpp ... USES <folder> ...) is the library of what the folder's test
# programs share.
function(add_test_room folder)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES" ${ARGN})
  string(REPLACE "/" "_" target ${folder})
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_link_libraries(${target} PRIVATE project_options PUBLIC GTest::gtest GTest::gmock)
  foreach(used IN LISTS ROOM_USES)
    string(REPLACE "/" "_" used_target ${used})
    target_link_libraries(${target} PUBLIC ${used_target})
  endforeach()
  name_folders(${target})
  use_precompiled_headers(${target} test_headers)
endfunction()

# add_test_program(<name> LABEL unit|golden|integration|fault|tidy SOURCES ... USES <folder> ...
#                  [TIMEOUT seconds] [PROGRAMS binary targets that the test starts])
# Every gtest case becomes one ctest entry.
function(add_test_program name)
  cmake_parse_arguments(TEST "SERIAL" "LABEL;TIMEOUT" "SOURCES;USES;PRIVATE_USES;PROGRAMS" ${ARGN})
  add_program(${name} SOURCES ${TEST_SOURCES} USES ${TEST_USES}
    PRIVATE_USES ${TEST_PRIVATE_USES} GTest::gtest GTest::gmock GTest::gtest_main
    PRECOMPILED test_headers)
  name_folders(${name})
  if(TEST_PROGRAMS)
    add_dependencies(${name} ${TEST_PROGRAMS})
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(NOT PIPELINE_SANITIZE STREQUAL "")
    math(EXPR TEST_TIMEOUT "${TEST_TIMEOUT} * 4")
  endif()
  if(TEST_SERIAL)
    # One ctest entry for the whole program: its cases share one server.
    add_test(NAME ${name} COMMAND ${name})
    # What may last longest starts first, so that no core idles at the end.
    set_tests_properties(${name} PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT} COST ${TEST_TIMEOUT})
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT})
  endif()
endfunction()
