const later = () => api.dispose(() => {});
const hot = import.meta.hot;
const { hot: api } = import.meta;
hot?.accept();
if (hot) hot.accept('./dep');
other.accept();
