import.meta.glob('./d*.js', { import: 'a', eager: true })
