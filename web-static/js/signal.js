/** A value that tells its watchers when it is set. `touch()` tells them after a change inside the value. */
export function signal(value) {
  const watchers = new Set();
  return {
    get value() {
      return value;
    },
    set value(next) {
      value = next;
      this.touch();
    },
    touch() {
      for (const watcher of [...watchers]) watcher(value);
    },
    /** Calls `watcher` now and on every change; the answer ends it. */
    watch(watcher) {
      watchers.add(watcher);
      watcher(value);
      return () => watchers.delete(watcher);
    },
  };
}
