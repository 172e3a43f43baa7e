#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ra {

// Works on items in several threads and gives the results back in the order of the items. At most `ahead` items are
// being worked on or wait to be fetched, so memory does not grow with their number. Every thread takes the next item
// when it is free: one that shares its processor with another program holds nobody up.
template <class Item, class Result>
class OrderedWorkers {
 public:
  // The next item, nullopt after the last one. Called by one thread at a time; it may wait.
  using Source = std::function<std::optional<Item>()>;
  // Called by several threads at once.
  using Work = std::function<Result(Item)>;

  // `threads` and `ahead` are at least 1.
  OrderedWorkers(int threads, std::size_t ahead, Source source, Work work)
      : ahead_(std::max<std::size_t>(ahead, 1)), source_(std::move(source)), work_(std::move(work)) {
    try {
      for (int k = 0; k < std::max(threads, 1); ++k) threads_.emplace_back([this] { work_on_items(); });
    } catch (...) {  // no more threads to be had: those that run must not wait for ever
      stop();
      throw;
    }
  }

  // Waits for the items in progress; takes no others.
  ~OrderedWorkers() { stop(); }
  OrderedWorkers(const OrderedWorkers&) = delete;
  OrderedWorkers& operator=(const OrderedWorkers&) = delete;

  // The result of the next item, nullopt after the last one. Throws what the work on this item threw; the ones after
  // it can still be fetched. What the source threw comes when all items before are fetched, and is the end.
  std::optional<Result> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return slots_.empty() ? ended_ : slots_.front().done; });
    if (slots_.empty()) return std::nullopt;
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    lock.unlock();
    changed_.notify_all();
    if (slot.error) std::rethrow_exception(slot.error);
    return std::move(slot.result);
  }

 private:
  // One item that was taken. Until it is done only the thread that works on it touches the rest.
  struct Slot {
    std::optional<Result> result;
    std::exception_ptr error;
    bool done = false;
  };

  void work_on_items() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ended_ || (!taking_ && slots_.size() < ahead_); });
      if (ended_) return;
      std::exception_ptr error;
      std::optional<Item> item = take(lock, error);
      if (ended_) return;  // stopped meanwhile
      if (!item) ended_ = true;
      if (item || error) slots_.emplace_back(std::nullopt, error, error != nullptr);
      changed_.notify_all();
      if (!item) return;
      Slot& slot = slots_.back();
      lock.unlock();
      try {
        slot.result.emplace(work_(std::move(*item)));
      } catch (...) {
        slot.error = std::current_exception();
      }
      lock.lock();
      slot.done = true;
      changed_.notify_all();
    }
  }

  // Calls the source, while no other thread does, without holding the lock.
  std::optional<Item> take(std::unique_lock<std::mutex>& lock, std::exception_ptr& error) {
    taking_ = true;
    lock.unlock();
    std::optional<Item> item;
    try {
      // Not assigned: GCC 12 loses "empty" of an optional that an exception leaves half assigned.
      if (std::optional<Item> taken = source_()) item.emplace(std::move(*taken));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    taking_ = false;
    return item;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const std::size_t ahead_;
  const Source source_;
  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Slot> slots_;  // in the order of the items; a reference stays valid while others come and go
  bool taking_ = false;     // a thread is in source_
  bool ended_ = false;      // no more items are taken
  std::vector<std::thread> threads_;
};

}  // namespace ra
