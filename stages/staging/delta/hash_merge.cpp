// Both sides ascend, so each is read once, as in a merge sort. A chunk none of whose rows changed
// is left as it lies in the database; one that changed is written whole. New rows go into the chunk
// into whose range they fall: so chunks never overlap, and their labels stay although the rows they
// were named after may be gone.
#include "stages/staging/delta/hash_merge.h"

#include <utility>

namespace pipeline::delta {

HashMerge::HashMerge(std::size_t key_bytes, ChunkSource& before, MergeSink& sink)
    : key_bytes_(key_bytes), before_(before), sink_(sink) {
  following_ = before_.next();
  // What stands before all labels belongs to a chunk, too.
  if (following_ && following_->label == first_label) {
    Chunk first = std::move(*following_);
    following_ = before_.next();
    open(std::move(first));
  } else {
    open({.label = std::string(first_label), .entries = {}});
  }
}

void HashMerge::open(Chunk chunk) {
  chunk_ = std::move(chunk);
  entries_.emplace(chunk_.entries, key_bytes_);
  entry_ = entries_->next();
  label_ = chunk_.label;
  content_ = Content::same;
  same_ = 0;
}

/// What was the same so far is written only if something is not.
void HashMerge::differ() {
  if (content_ == Content::other) return;
  content_ = Content::other;
  ChunkReader again(chunk_.entries, key_bytes_);
  for (; same_ > 0; --same_) {
    const auto entry = again.next();
    after_.add(entry->key, entry->hash);
  }
}

void HashMerge::close() {
  while (entry_) skip_entry();
  if (content_ == Content::same) return;
  sink_.rewritten({.label = std::move(label_), .entries = after_.take()});
}

/// The entry's row is gone.
void HashMerge::skip_entry() {
  differ();
  sink_.gone(entry_->key);
  entry_ = entries_->next();
}

/// The rows so far become a chunk of their own.
void HashMerge::cut() {
  sink_.rewritten({.label = std::move(label_), .entries = after_.take()});
  label_.clear();
}

HashMerge::RowIs HashMerge::feed(std::string_view key, std::uint64_t hash) {
  while (following_ && key >= following_->label) {
    close();
    Chunk next = std::move(*following_);
    following_ = before_.next();
    open(std::move(next));
  }
  while (entry_ && entry_->key < key) skip_entry();
  RowIs row = RowIs::added;
  if (entry_ && entry_->key == key) {
    row = entry_->hash == hash ? RowIs::same : RowIs::changed;
    entry_ = entries_->next();
  }
  if (row == RowIs::same && content_ == Content::same) {
    ++same_;
    return row;
  }
  differ();
  if (after_.count() >= 2 * entries_per_chunk) {
    // Half of them would fit one chunk as well, but rows that are added come at the end.
    cut();
    label_.assign(key);
  }
  after_.add(key, hash);
  return row;
}

void HashMerge::finish() {
  close();
  while (following_) {
    Chunk next = std::move(*following_);
    following_ = before_.next();
    open(std::move(next));
    close();
  }
}

}  // namespace pipeline::delta
