#include "tests/support/zstd_text.h"

#include <memory>
#include <stdexcept>

#include <zstd.h>

namespace pipeline::test {

std::string zstd_compressed(std::string_view text, const ZstdForm& form) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(::ZSTD_createCCtx(),
                                                                     &ZSTD_freeCCtx);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, form.level);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, form.checksum ? 1 : 0);
  // A frame that knows its size needs no window of its own.
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, form.window_log == 0 ? 1 : 0);
  if (form.window_log != 0) {
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, form.window_log);
  }
  std::string compressed(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_outBuffer output{.dst = compressed.data(), .size = compressed.size(), .pos = 0};
  ZSTD_inBuffer input{.src = text.data(), .size = text.size(), .pos = 0};
  // In two steps: in one the library would see the whole text and shrink the window to it.
  ::ZSTD_compressStream2(context.get(), &output, &input, ZSTD_e_flush);
  if (::ZSTD_compressStream2(context.get(), &output, &input, ZSTD_e_end) != 0) {
    throw std::runtime_error("zstd did not compress");
  }
  compressed.resize(output.pos);
  return compressed;
}

}  // namespace pipeline::test
