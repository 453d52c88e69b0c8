// Runs a source on a thread of its own, a few buffers ahead of whoever reads.
#pragma once

#include <cstddef>
#include <memory>

#include "common/io/byte_stream.h"

namespace pipeline {

struct ReadAheadOptions {
  std::size_t buffer_bytes = 1U << 20U;
  std::size_t buffers = 4;
};

/// The bytes of `inner`, which must outlive it and is used by the thread alone until this object is
/// gone. What `inner` throws comes out of read() behind the bytes before it. The end of this object
/// waits for a read of `inner` that is under way. The thread has the Scope of the one that made it.
class ReadAhead : public ByteSource {
 public:
  explicit ReadAhead(ByteSource& inner, const ReadAheadOptions& options = {});
  ~ReadAhead() override;
  std::size_t read(std::span<char> buffer) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline
