#include "stages/staging/load/early_keys.h"

namespace pipeline {
namespace {

class InterruptibleSource : public ByteSource {
 public:
  InterruptibleSource(ByteSource& inner, const std::function<void()>& check_cancelled)
      : inner_(inner), check_cancelled_(check_cancelled) {}
  std::size_t read(std::span<char> buffer) override {
    check_cancelled_();
    return inner_.read(buffer);
  }

 private:
  ByteSource& inner_;
  const std::function<void()>& check_cancelled_;
};

}  // namespace

void know_keys_early(dump::DumpReader& reader, ObjectStore& store, const StoredDump& dump,
                     const dump::DumpReaderOptions& options,
                     const std::function<void()>& check_cancelled) {
  if (!reader.may_have_keys_behind_rows()) return;
  const auto object = store.get(dump.object.key, 0);
  InterruptibleSource bytes(*object, check_cancelled);
  const auto inflating = inflate_dump(dump, bytes);
  ByteSource& text = inflating ? *inflating : static_cast<ByteSource&>(bytes);
  reader.know_keys(dump::collect_keys_behind_rows(text, options));
}

}  // namespace pipeline
