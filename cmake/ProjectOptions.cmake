# Flags for our own code only; third-party headers come in as system headers and keep their warnings.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(PIPELINE_CCACHE ccache)
if(PIPELINE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PIPELINE_CCACHE})
endif()
find_program(PIPELINE_MOLD mold)
if(PIPELINE_MOLD AND CMAKE_BUILD_TYPE STREQUAL "Debug" AND PIPELINE_SANITIZE STREQUAL "")
  add_link_options(-fuse-ld=mold)
endif()

add_library(project_options INTERFACE)
target_include_directories(project_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wextra-semi)
# Named initialisers leave the rest at its default on purpose.
target_compile_options(project_options INTERFACE -Wno-missing-field-initializers)
if(PIPELINE_WERROR)
  target_compile_options(project_options INTERFACE -Werror)
endif()
if(PIPELINE_FAILPOINTS)
  target_compile_definitions(project_options INTERFACE PIPELINE_FAILPOINTS=1)
endif()
if(PIPELINE_FUZZ)
  # Coverage counters in every room; only the fuzzers themselves link libFuzzer's main().
  target_compile_options(project_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(NOT PIPELINE_SANITIZE STREQUAL "")
  target_compile_options(project_options INTERFACE
    -fsanitize=${PIPELINE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(project_options INTERFACE -fsanitize=${PIPELINE_SANITIZE})
endif()
