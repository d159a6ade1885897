import.meta.hot.accept(['./a', name]);
