// The field's terms: `connections`, not `allConnections`; `id`, not `rowId`.

/** Names without PostGraphile's prefixes. */
export const NamesPlugin: GraphileConfig.Plugin = {
  name: "SynclineNamesPlugin",
  inflection: {
    replace: {
      nodeIdFieldName: () => "nodeId",
      _attributeName(_previous, _preset, { codec, attributeName }) {
        const attribute = codec.attributes![attributeName]!;
        return this.coerceToGraphQLName(attribute.extensions?.tags?.name ?? attributeName);
      },
      enumValue(_previous, _preset, value) {
        return this.constantCase(value);
      },
      functionMutationResultFieldName(_previous, _preset, { resource }) {
        const named = resource.extensions?.tags?.resultFieldName;
        return typeof named === "string" ? named : this.camelCase(this._singularizedCodecName(resource.codec));
      },
      allRowsConnection(_previous, _preset, resource) {
        return this.camelCase(this.pluralize(this._singularizedResourceName(resource)));
      },
    },
  },
};
