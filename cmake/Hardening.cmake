# What Debian asks of a package's binaries: checked buffers, stack guards, position independence,
# read-only relocations; and optimisation across files.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS
  -fstack-protector-strong -fstack-clash-protection -fcf-protection)
add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)

include(CheckIPOSupported)
check_ipo_supported(LANGUAGES CXX)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
# One job of the linker's own a core, instead of one after the other.
add_link_options(-flto=auto)
