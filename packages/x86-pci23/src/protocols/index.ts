// @virq/x86-pci23/protocols: multi-step kernel paths and the models that check them.

export {};
