if (import.meta.hot) {
  import.meta.hot.accept();
  import.meta.hot.accept((next) => next);
  import.meta.hot.accept('./dep', () => {});
  import.meta.hot.accept(['./a', `./b`], () => {});
  import.meta.hot.acceptExports(['x', 'y'], () => {});
  import.meta.hot.acceptExports('z');
  import.meta.hot.dispose((data) => data);
  import.meta.hot.prune(() => {});
  import.meta.hot.invalidate('a message');
  import.meta.hot.invalidate();
  import.meta.hot.decline();
  import.meta.hot.on('vite:beforeUpdate', () => {});
  import.meta.hot.send('my:event', {});
  import.meta.hot.data.count = 1;
}
import.meta.hot?.accept();
import.meta.hot!.on(name, () => {});
